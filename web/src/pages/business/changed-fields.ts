/**
 * changedFields keeps of what was entered only what differs from how it was when the form was opened, so that saving
 * one field does not undo what somebody else has changed in another meanwhile.
 */
export function changedFields<T extends object>(entered: T, before: { [K in keyof T]?: unknown }): Partial<T> {
  const changed: Partial<T> = { ...entered }
  for (const key of Object.keys(entered) as (keyof T)[]) {
    if (JSON.stringify(entered[key] ?? null) === JSON.stringify(before[key] ?? null)) delete changed[key]
  }
  return changed
}
