import type { AuditFacts, AuditTrail, Caller, Clock, Write } from '../kernel/index.ts'
import type { AuditEntry, AuditStore } from './store.ts'

/** Makes the entries that the runner puts into the commit of each act, and those of refusals. */
export function auditTrail(store: AuditStore, domainClock: Clock): AuditTrail {
  const entry = (
    caller: Caller,
    operation: string,
    object: AuditFacts | undefined,
    outcome: AuditEntry['outcome'],
    code: string,
  ): Write =>
    store.insert({
      at: domainClock.now(),
      accountId: caller.accountId,
      userId: caller.userId,
      userName: caller.userName,
      accessKeyId: caller.accessKeyId ?? null,
      sourceIp: caller.sourceIp,
      door: caller.door,
      requestId: caller.requestId,
      operation,
      objectType: object?.objectType ?? '',
      objectId: object?.objectId ?? '',
      outcome,
      code,
      facts: object?.facts ?? {},
    })
  return {
    done: (caller, operation, facts) => entry(caller, operation, facts, 'done', ''),
    refused: (caller, operation, facts, code) => entry(caller, operation, facts, 'refused', code),
    tried: (caller, operation, facts, code) => entry(caller, operation, facts, 'dryRun', code),
  }
}
