import type { JSONValue } from '@ai-sdk/provider'
import { problem } from '../../../platform/errors.ts'
import { newId } from '../../../platform/ids.ts'
import type { Log } from '../../../platform/logger.ts'
import type { ApprovalDecision, RunContext } from '../engine.ts'
import { type Approval, type ApprovalRepository, MOST_APPROVALS_A_RUN } from './approval-repository.ts'
import { approvalToken, argumentsHash, isApprovalToken } from './approval-token.ts'

/** Grant is an owner's yes to one call: a tool executes these very arguments with it, and no others. */
export type Grant = { readonly tool: string; readonly argumentsHash: string }

/** PendingApproval is a question that was put to the owner. */
export type PendingApproval = {
  id: string
  token: string
  expiresAt: Date
  /** Resolves once the owner has decided, here or at another instance, or has not in time; rejects when aborted. */
  decision(signal: AbortSignal): Promise<{ decision: 'approved'; grant: Grant } | { decision: 'denied' | 'expired' }>
}

/** Verdict is an owner's decision as it comes in. `isLive` tells whether the run still goes on. */
export type Verdict = {
  userId: string
  runId: string
  approvalId: string
  decision: 'approve' | 'deny'
  token: string
  isLive: boolean
}

/** Approvals puts questions to owners and takes their decisions. */
export type Approvals = ReturnType<typeof createApprovals>

// A database that is away must not keep a run for ever.
const PATIENCE_MS = 10_000

/**
 * createApprovals makes the asking of owners. Each question waits for `waitMs` at most, and is decided once, by one atomic
 * update of its row, so that it does not matter at which instance the decision comes in: the process that waits is told at
 * once when it is its own, and looks every `pollMs` otherwise.
 */
export function createApprovals(deps: {
  repository: ApprovalRepository
  /** Signs tokens, and nothing else. */
  key: Buffer
  waitMs: number
  pollMs: number
  log: Log
}) {
  const { repository, key, waitMs, pollMs, log } = deps
  const wakers = new Map<string, () => void>()

  /** pauseUntilWoken waits for a decision that comes in here, but no longer than `ms`. */
  async function pauseUntilWoken(id: string, ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const abort = () => reject(signal.reason)
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', abort)
    wakers.set(id, resolve)
    try {
      if (signal.aborted) abort()
      await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      wakers.delete(id)
    }
  }

  async function outcome(approval: Approval, signal: AbortSignal): Promise<ApprovalDecision> {
    const endsAt = performance.now() + waitMs
    for (;;) {
      try {
        const status = await repository.look(approval.id)
        if (status === 'approved' || status === 'denied') return status
        // Gone is erased with its owner.
        if (status !== 'waiting') return 'expired'
      } catch (error) {
        log.warn({ err: error }, 'whether an owner has decided could not be read')
        if (performance.now() > endsAt + PATIENCE_MS) return 'expired'
      }
      const leftMs = Math.max(endsAt - performance.now(), 0)
      await pauseUntilWoken(approval.id, Math.min(pollMs, leftMs + 20), signal)
    }
  }

  return {
    /**
     * ask puts a question to the owner of a run, or answers why not, in a sentence for the model: a run may ask five times,
     * and not again once it was left without an answer.
     */
    async ask(asked: {
      context: RunContext
      callId: string
      tool: string
      args: JSONValue
    }): Promise<PendingApproval | { refused: string }> {
      const { context, callId, tool, args } = asked
      const earlier = await repository.earlier(context.runId)
      if (earlier.includes('expired')) return { refused: 'The owner is not there to be asked. Nothing was done.' }
      if (earlier.length >= MOST_APPROVALS_A_RUN)
        return { refused: 'The owner has been asked often enough in this answer. Nothing was done.' }
      const hash = argumentsHash(args)
      const approval = await repository.add(
        { id: newId(), runId: context.runId, userId: context.userId, callId, tool, argumentsHash: hash },
        waitMs,
      )
      return {
        id: approval.id,
        token: approvalToken(key, approval),
        expiresAt: approval.expiresAt,
        async decision(signal) {
          try {
            const decision = await outcome(approval, signal)
            return decision === 'approved' ? { decision, grant: { tool, argumentsHash: hash } } : { decision }
          } catch (error) {
            // Nobody waits any more; a decision that comes later is told so.
            repository.lapse(approval.id).catch((err: unknown) => log.warn({ err }, 'an approval was left waiting'))
            throw error
          }
        },
      }
    },

    /**
     * decide takes an owner's decision, once. 404 for a question that is not theirs, 403 `approval_token_invalid`, 409
     * `approval_used` (with the `decision`), `approval_expired`, or `approval_lapsed` when the run is over.
     */
    async decide(verdict: Verdict): Promise<'approved' | 'denied'> {
      const { userId, runId, approvalId, token, isLive } = verdict
      const approval = await repository.find(runId, approvalId)
      if (!approval || approval.userId !== userId) throw problem.notFound()
      if (!isApprovalToken(key, approval, token))
        throw problem.forbidden('approval_token_invalid', 'This is not the decision that was asked for.')
      if (approval.status === 'waiting' && !isLive) {
        await repository.lapse(approvalId)
        throw lapsed()
      }
      const decision = verdict.decision === 'approve' ? 'approved' : 'denied'
      if (await repository.decide(approvalId, decision)) {
        wakers.get(approvalId)?.()
        return decision
      }
      const status = await repository.look(approvalId)
      if (status === 'approved' || status === 'denied')
        throw problem.conflict('approval_used', 'This has been decided before.', { decision: status })
      throw status === 'lapsed'
        ? lapsed()
        : problem.conflict('approval_expired', 'The time to decide is over. Nothing was done.')
    },
  }
}

const lapsed = () =>
  problem.conflict('approval_lapsed', 'The answer that asked for this has ended. Nothing was done; ask again.')
