import Type from 'typebox'
import {
  day,
  operation,
  problem as kernelProblem,
  problemsOf,
  type Authorizer,
  type Caller,
  type Clock,
  type Write,
} from '../kernel/index.ts'
import {
  caProblems,
  caAttributes,
  caLifecycle,
  shownState,
  stateAfter,
  theCa,
  type Ca,
  type CaState,
  type CaStore,
} from '../ca/index.ts'
import { uuidInput } from '../issuance/index.ts'
import type { KeyStore } from '../keys/index.ts'
import { dispositionInput, keepDaysInput, type Disposition } from './inputs.ts'
import type { JobSchedule } from './jobs.ts'

interface Needs {
  cas: CaStore
  keyStore: KeyStore
  domainClock: Clock
  jobSchedule: JobSchedule
  nudgeJobs: () => void
  principals: Pick<Authorizer, 'refusal'>
}

/** What became of it, and when its key will be destroyed; null for one that went at once. */
interface DeletedCa {
  state: CaState
  dueAt: number | null
}

const problem = problemsOf(caProblems)
const act = 'deletion'

/**
 * Ends a CA. One that was never activated goes at once. A disabled one is scheduled: it waits `keepDays`, in which it
 * issues nothing, still revokes and publishes, and can be restored; on the day its key is destroyed (the-day.ts). A
 * revoked CA may be scheduled without being disabled first. Nothing below it is touched, unless the disposition `revokeAll` was
 * chosen: then all it issued is revoked on the day, which needs the rights to revoke besides.
 */
export const deleteCa = operation<Needs>()({
  name: 'DeleteCa',
  summary: 'Delete a private CA, or schedule its deletion',
  access: 'write',
  actions: ['pca:ca:delete'],
  input: Type.Object(
    { caId: uuidInput, keepDays: keepDaysInput, disposition: Type.Optional(dispositionInput) },
    { additionalProperties: false },
  ),
  resource: theCa<{ caId: string; keepDays: number; disposition?: Disposition }>(),
  guarded: ({ keepDays, disposition = 'runOut' }, ca) => ({
    kind: 'deleteCa',
    caId: ca.id,
    objectId: ca.id,
    version: ca.version,
    terms: { keepDays, disposition },
  }),
  problems: ['CaNotFound', 'CaStateForbids', 'CaChanged', 'CaKeyIsOutside'],

  run({ keepDays, disposition = 'runOut' }, ca, deps, caller) {
    const now = deps.domainClock.now()
    if (disposition === 'revokeAll') mustBeAllowedToRevoke(ca, caller, deps)
    if (ca.state === 'pendingActivation') return Promise.resolve(deleteUnused(ca, now, deps))

    // Revoked is as good as disabled here: what it issued is refused already wherever revocation is checked.
    const judged: Ca = ca.revokedAt !== null && ca.state === 'active' ? { ...ca, state: 'disabled' } : ca
    const state = stateAfter(judged, 'scheduleDeletion', act, now, hints[shownState(judged, now)])
    const dueAt = now + keepDays * day
    const next: Ca = {
      ...ca,
      state,
      dueAt,
      deletion: {
        requestedAt: now,
        requestedBy: { userId: caller.userId, userName: caller.userName },
        keepDays,
        disposition,
      },
    }
    return Promise.resolve({
      answer: { state, dueAt } as DeletedCa,
      writes: [deps.cas.replace(ca, next, problem('CaChanged')), deps.jobSchedule.endOfCa(ca.id, dueAt)],
      audit: {
        objectType: 'ca',
        objectId: ca.id,
        facts: { from: ca.state, to: state, keepDays, dueAt, disposition },
      },
    })
  },
})

/** Three acts, three rights: deleting implies no revoking. @throws Problem AccessDenied */
function mustBeAllowedToRevoke(ca: Ca, caller: Caller, { principals }: Needs): void {
  for (const action of ['pca:ca:revoke', 'pca:ca:revokeCert']) {
    const denial = principals.refusal(caller, [action], caAttributes(ca.id, ca))
    if (denial) throw kernelProblem('AccessDenied', denial)
  }
}

const hints: Readonly<Record<string, string>> = {
  active: 'disable it first',
  expired: 'disable it first',
  pendingDeletion: 'its deletion is scheduled already',
}

/** It never signed a certificate: there is nothing to wait for. Its key is condemned here, and destroyed by the job. */
function deleteUnused(ca: Ca, now: number, { cas, keyStore, jobSchedule, nudgeJobs }: Needs) {
  const next: Ca = { ...ca, state: caLifecycle[ca.state].deleteUnused! }
  const writes: Write[] = [
    cas.replace(ca, next, problem('CaChanged')),
    keyStore.condemn(ca.keyId!, problem('CaChanged')),
    jobSchedule.destroyKey(ca.keyId!, now),
  ]
  return {
    answer: { state: next.state, dueAt: null } as DeletedCa,
    writes,
    audit: { objectType: 'ca', objectId: ca.id, facts: { from: ca.state, to: next.state, keyId: ca.keyId } },
    afterwards: nudgeJobs,
  }
}
