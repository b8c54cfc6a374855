import { and, eq, inArray } from 'drizzle-orm'
import type { Executor } from '../../platform/db/database.ts'
import { businessLinks } from './schema.ts'

/** BusinessLink is a row of businessLinks. */
export type BusinessLink = typeof businessLinks.$inferSelect

/** LinkName names a link: whose it is, and the integrator's own id. */
export type LinkName = Pick<BusinessLink, 'apiKeyId' | 'externalId'>

const named = ({ apiKeyId, externalId }: LinkName) =>
  and(eq(businessLinks.apiKeyId, apiKeyId), eq(businessLinks.externalId, externalId))

/** insertLink adds a link unless the name is taken, and answers whichever there is then. */
export async function insertLink(tx: Executor, link: BusinessLink): Promise<BusinessLink | undefined> {
  const [inserted] = await tx.insert(businessLinks).values(link).onConflictDoNothing().returning()
  return inserted ?? findLink(tx, link)
}

/** findLink reads a link, or undefined when there is none. */
export async function findLink(db: Executor, name: LinkName): Promise<BusinessLink | undefined> {
  const [link] = await db.select().from(businessLinks).where(named(name))
  return link
}

/** deleteLink removes a link and tells whether there was one. */
export async function deleteLink(db: Executor, name: LinkName): Promise<boolean> {
  const deleted = await db.delete(businessLinks).where(named(name)).returning({ id: businessLinks.businessId })
  return deleted.length === 1
}

/** linkedBusinesses are the businesses that a key knows by these ids. */
export async function linkedBusinesses(
  db: Executor,
  { apiKeyId, externalIds }: { apiKeyId: string; externalIds: string[] },
): Promise<Map<string, string>> {
  const links = await db
    .select({ externalId: businessLinks.externalId, businessId: businessLinks.businessId })
    .from(businessLinks)
    .where(and(eq(businessLinks.apiKeyId, apiKeyId), inArray(businessLinks.externalId, externalIds)))
  return new Map(links.map((link) => [link.externalId, link.businessId]))
}
