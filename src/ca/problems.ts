import { problemsOf } from '../kernel/index.ts'

/** A state as its owner knows it: expired and revoked are no stored states, but are what stands in the way. */
export type ShownState =
  'pendingActivation' | 'active' | 'expired' | 'disabled' | 'pendingDeletion' | 'ending' | 'destroyed'

export const caProblems = {
  CaNotFound: ({ caId }: { caId: string }) => `CA ${caId} does not exist`,
  CaStateForbids: ({ act, state, hint }: { act: string; state: ShownState; hint?: string }) =>
    `${act} is not possible while the CA is ${state}${hint ? `; ${hint}` : ''}`,
  CaRevoked: ({ act }: { act: string }) => `${act} is not possible: the CA certificate has been revoked`,
  CaChanged: () => 'the CA was changed by another call at the same moment; nothing was done',
  CaKeyIsOutside: ({ act }: { act: string }) => `${act} is not possible: the key of this CA is not held here`,
  IssuerUnusable: ({ state }: { state: string }) => `the issuing CA cannot issue: it is ${state}`,
  IssuerPathExhausted: () => 'the issuing CA may not have CAs of this path length below it',
  ValidityBeyondIssuer: ({ notAfter }: { notAfter: number }) =>
    `the validity ends after that of the issuing CA (${new Date(notAfter).toISOString()})`,
  TooManyTags: ({ max }: { max: number }) => `a CA has at most ${max} tags`,
  CaKeyUnreadable: ({ reason }: { reason: string }) => `the private key of the CA cannot be read: ${reason}`,
  CertificateNotOfThisCa: ({ reason }: { reason: string }) => `the certificate cannot be installed: ${reason}`,
}

export const problem = problemsOf(caProblems)
