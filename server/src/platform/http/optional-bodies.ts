type Body = { required?: boolean; content: Record<string, { schema?: { anyOf?: unknown } }> }

/**
 * markOptionalBodies says, in an OpenAPI document's paths, of every body that may be null that it may be left out: no body
 * reaches a route as null. The document's maker calls every body required.
 */
export function markOptionalBodies(paths: object): void {
  for (const operation of Object.values(paths).flatMap((methods: object) => Object.values(methods))) {
    const body: Body | undefined = operation.requestBody
    if (body && Object.values(body.content).some(({ schema }) => mayBeNull(schema?.anyOf))) body.required = false
  }
}

const mayBeNull = (choices: unknown) =>
  Array.isArray(choices) && choices.some((choice: { type?: unknown }) => choice.type === 'null')
