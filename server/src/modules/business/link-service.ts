import type { z } from 'zod'
import type { Clock } from '../../platform/clock.ts'
import { type Database, pgErrorCode } from '../../platform/db/database.ts'
import { problem } from '../../platform/errors.ts'
import { type linkSchema, toLinkView } from './link-dto.ts'
import { deleteLink, findLink, insertLink, linkedBusinesses, type LinkName } from './link-repository.ts'
import { lockBusiness } from './repository.ts'

type LinkView = z.output<typeof linkSchema>

const absent = () => problem.notFound('not_found', 'This key has no link of that external_id.')

/** LinkService is what integrators do with their own ids of businesses; each API key has links of its own. */
export type LinkService = ReturnType<typeof createLinkService>

/** createLinkService wires business links. */
export function createLinkService({ db, clock }: { db: Database; clock: Clock }) {
  return {
    /**
     * link makes an external id stand for a business, once: again the same is no change, another business is 409
     * `external_id_linked`. 404 when there is no such business.
     */
    async link({ businessId, ...name }: LinkName & { businessId: string }): Promise<LinkView> {
      const link = await db
        .transaction(async (tx) => {
          // Held, so that an erasure under way cannot leave a link behind.
          if (!(await lockBusiness(tx, businessId))) throw problem.notFound('not_found', 'There is no such business.')
          return insertLink(tx, { ...name, businessId, createdAt: clock.now() })
        })
        .catch((error: unknown) => {
          // foreign_key_violation: the key was revoked meanwhile.
          throw pgErrorCode(error) === '23503' ? problem.unauthorized('invalid_api_key') : error
        })
      // Taken and, before it could be read, deleted: as good as a conflict, and rarer than any other.
      if (link?.businessId !== businessId)
        throw problem.conflict('external_id_linked', 'This external_id is linked to another business.')
      return toLinkView(link)
    },

    /** findLink answers a link; 404 when there is none. */
    async findLink(name: LinkName): Promise<LinkView> {
      const link = await findLink(db, name)
      if (!link) throw absent()
      return toLinkView(link)
    },

    /** unlink removes a link; 404 when there is none. What was awarded by it stays. */
    async unlink(name: LinkName): Promise<void> {
      if (!(await deleteLink(db, name))) throw absent()
    },

    /** businessesOf are the businesses that a key knows by these ids; those that it does not know are left out. */
    async businessesOf(apiKeyId: string, externalIds: Iterable<string>): Promise<Map<string, string>> {
      const asked = [...new Set(externalIds)]
      return asked.length === 0 ? new Map() : linkedBusinesses(db, { apiKeyId, externalIds: asked })
    },
  }
}
