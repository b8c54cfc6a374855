import type pg from 'pg'
import { z } from 'zod'
import type { BusinessChunk } from './business-chunks.ts'
import { type Difference, differenceOfEvent, differenceOfStray } from './differences.ts'
import { between, strayRecord, strayRecords, wrongEvent, wrongEvents } from './standing-truth.ts'

/** ledgerDoubts finds in a chunk what the rows cannot settle, since the ledger itself may be what is wrong: a person's to decide. */
export async function ledgerDoubts(client: pg.Client, { after, upTo }: BusinessChunk): Promise<Difference[]> {
  const events = await client.query(wrongEvents(between), [after, upTo])
  const strays = await client.query(strayRecords(between), [after, upTo])
  return [
    ...z.array(wrongEvent).parse(events.rows).map(differenceOfEvent),
    ...z.array(strayRecord).parse(strays.rows).map(differenceOfStray),
  ]
}
