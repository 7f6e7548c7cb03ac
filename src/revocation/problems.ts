import { problemsOf } from '../kernel/index.ts'

export const revocationProblems = {
  AlreadyRevoked: () => 'it has been revoked before',
  NotRevocable: ({ reason }: { reason: string }) => `it cannot be revoked: ${reason}`,
  CrlSuperseded: () => 'a later CRL of this CA has been published meanwhile',
  CrlLacksEntry: ({ serial, number }: { serial: string; number: number }) =>
    `serial ${serial} stands on CRL ${number} of this CA and is not on the ledger of revocations: nothing was published`,
  IssuerKeyDestroyed: ({ caId }: { caId: string }) =>
    `the key of the issuing CA ${caId} has been destroyed, so nothing can be put on its CRL any more; ` +
    'its final CRL stays at its URL, and its remaining certificates end when they expire',
}

export const problem = problemsOf(revocationProblems)
