import Type from 'typebox'
import { operation, problemsOf } from '../kernel/index.ts'
import { caProblems, isExpired, theCa } from '../ca/index.ts'
import { uuidInput } from '../issuance/index.ts'
import type { RevocationReason } from '../x509/index.ts'
import { problem } from './problems.ts'
import { mustRevoke, reasonInput, type RevokeNeeds } from './revoke-certificate.ts'

const caProblem = problemsOf(caProblems)

/**
 * Puts a subordinate's certificate on its parent's CRL. The state of the CA stays what it was (revoked is a fact beside
 * it, design 2); it issues no more, and can be scheduled for deletion like a disabled one.
 */
export const revokeCa = operation<RevokeNeeds>()({
  name: 'RevokeCa',
  summary: 'Revoke the certificate of a subordinate CA',
  access: 'write',
  actions: ['pca:ca:revoke'],
  input: Type.Object({ caId: uuidInput, reason: reasonInput }, { additionalProperties: false }),
  resource: theCa<{ caId: string; reason: RevocationReason }>(),
  guarded: ({ reason }, ca) => ({
    kind: 'revokeCa',
    caId: ca.id,
    objectId: ca.id,
    version: ca.version,
    terms: { reason },
  }),
  problems: ['CaNotFound', 'CaChanged', 'NotRevocable', 'AlreadyRevoked', 'CaStateForbids', 'IssuerKeyDestroyed'],

  async run({ reason }, ca, { cas, revocations, domainClock, crlSchedule, nudgeJobs }, caller) {
    const now = domainClock.now()
    if (ca.type === 'root') throw problem('NotRevocable', { reason: 'a root is on nobody’s CRL' })
    if (ca.serial === null || ca.notAfter === null)
      throw problem('NotRevocable', { reason: 'it has no certificate yet' })
    if (ca.issuerId === null) throw problem('NotRevocable', { reason: 'its certificate was issued elsewhere' })
    if (isExpired(ca, now)) throw problem('NotRevocable', { reason: 'its certificate has expired' })
    if (ca.revokedAt !== null) throw problem('AlreadyRevoked')
    const parent = await cas.find(caller.accountId, ca.issuerId)
    if (!parent) throw problem('NotRevocable', { reason: 'its issuer is not known' })
    mustRevoke(parent, now)
    return {
      answer: {},
      writes: [
        cas.unchanged(parent, caProblem('CaChanged')),
        cas.replace(ca, { ...ca, revokedAt: now, revocationReason: reason }, caProblem('CaChanged')),
        ...revocations.record(
          { caId: parent.id, serial: ca.serial, revokedAt: now, reason, notAfter: ca.notAfter },
          problem('AlreadyRevoked'),
        ),
        crlSchedule.crlDue(parent.id, now),
      ],
      audit: { objectType: 'ca', objectId: ca.id, facts: { issuerId: parent.id, serial: ca.serial, reason } },
      afterwards: nudgeJobs,
    }
  },
})
