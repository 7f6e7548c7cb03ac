import { problem as kernelProblem, problemsOf, type AuditTrail } from '../kernel/index.ts'
import { caAbilities, type Ca, type CrlSchedule } from '../ca/index.ts'
import type { CertificateStore } from '../certificates/index.ts'
import { revocationProblems, type CrlNeeds } from '../revocation/index.ts'
import { theDayAsCaller } from './caller.ts'

export interface RevokeAllNeeds extends CrlNeeds {
  certificates: CertificateStore
  trail: AuditTrail
  crlSchedule: CrlSchedule
}

/** Whether the CA's own certificate is on its parent's CRL, or why not. */
export type AtParent = 'revoked' | 'root' | 'issuedElsewhere' | 'parentCannotRevoke'

const serialsAtOnce = 500
const rowsAtOnce = 2_000
const reason = 'cessationOfOperation'
const changed = kernelProblem('ChangedMeanwhile')
const problem = problemsOf(revocationProblems)

/**
 * Puts everything unexpired under an ending CA on its ledger of revocations, a page in a commit, each with its entry in the audit
 * log; then marks the records. Nobody else issues or revokes under a CA that is ending, so a page stays what it was read as;
 * after a crash what is done already is passed over.
 */
export async function revokeEverythingUnder(deps: RevokeAllNeeds, ca: Ca): Promise<void> {
  const { revocations, certificates, committer, trail, domainClock } = deps
  const now = domainClock.now()
  const caller = theDayAsCaller(ca.accountId)
  for (let after = ''; ;) {
    const serials = await revocations.revocable(ca.id, after, now, serialsAtOnce)
    const [from, upTo] = [serials[0], serials.at(-1)]
    if (from === undefined || upTo === undefined) break
    await committer.commit([
      ...revocations.recordRange({ caId: ca.id, from, upTo, now, reason }),
      trail.done(caller, 'RevokeUnderEndingCa', {
        objectType: 'ca',
        objectId: ca.id,
        facts: { fromSerial: from, upToSerial: upTo, count: serials.length, reason },
      }),
    ])
    after = upTo
  }
  await committer.commit(revocations.recordOpenSignings(ca.id, now, reason))

  for (let after = 0; ;) {
    const page = await certificates.unrevokedOf(ca.id, after, now, rowsAtOnce)
    if (!page) break
    if (page.count > 0) await committer.commit([certificates.markRevoked(ca.id, after, page.upTo, now, reason)])
    after = page.upTo
  }
  await markSubCas(deps, ca, now)
}

async function markSubCas({ cas, committer }: RevokeAllNeeds, ca: Ca, now: number): Promise<void> {
  for (let after = ''; ;) {
    const children = await cas.issuedBy(ca.id, serialsAtOnce, after)
    for (const child of children)
      if (child.revokedAt === null && child.notAfter !== null && child.notAfter >= now)
        await committer.commit([cas.replace(child, { ...child, revokedAt: now, revocationReason: reason }, changed)])
    const last = children.at(-1)
    if (!last) return
    after = last.id
  }
}

/** The CA itself, at its parent. @returns the CA as it is then, and what became of it */
export async function revokeAtParent(deps: RevokeAllNeeds, ca: Ca): Promise<{ ca: Ca; atParent: AtParent }> {
  const { cas, revocations, committer, crlSchedule, trail, domainClock } = deps
  if (ca.type === 'root') return { ca, atParent: 'root' }
  if (ca.revokedAt !== null) return { ca, atParent: 'revoked' }
  const parent = ca.issuerId === null ? undefined : await cas.findById(ca.issuerId)
  if (!parent) return { ca, atParent: 'issuedElsewhere' }
  if (!caAbilities[parent.state].revoke) return { ca, atParent: 'parentCannotRevoke' }
  const now = domainClock.now()
  const next: Ca = { ...ca, revokedAt: now, revocationReason: reason }
  const onLedger = await revocations.find(parent.id, ca.serial!)
  await committer.commit([
    cas.unchanged(parent, changed),
    cas.replace(ca, next, changed),
    ...(onLedger
      ? []
      : revocations.record(
          { caId: parent.id, serial: ca.serial!, revokedAt: now, reason, notAfter: ca.notAfter! },
          problem('AlreadyRevoked'),
        )),
    crlSchedule.crlDue(parent.id, now),
    trail.done(theDayAsCaller(ca.accountId), 'RevokeCa', {
      objectType: 'ca',
      objectId: ca.id,
      facts: { issuerId: parent.id, serial: ca.serial, reason },
    }),
  ])
  return { ca: { ...next, version: ca.version + 1 }, atParent: 'revoked' }
}
