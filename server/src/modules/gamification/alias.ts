/** aliasFor is the neutral name of a business that does not show its own; the same each time. */
export function aliasFor(businessId: string): string {
  return `Business ${businessId.slice(-4).toUpperCase()}`
}
