import { problemsOf } from '../kernel/index.ts'

export const certificateProblems = {
  CertificateNotFound: ({ certificateId }: { certificateId: string }) => `certificate ${certificateId} does not exist`,
  CertificateChanged: () => 'the certificate was changed by another call at the same moment; nothing was done',
  CertificateStateForbids: ({ act, state }: { act: string; state: string }) =>
    `${act} is not possible: the certificate is ${state}`,
  StillValid: ({ certificateId, notAfter }: { certificateId: string; notAfter: number }) =>
    `certificate ${certificateId} was issued and is valid until ${new Date(notAfter).toISOString()}; ` +
    'revoke it first, or wait until it has expired',
  NameTaken: ({ name }: { name: string }) => `a certificate named ${name} exists already`,
  CertificateUnreadable: ({ reason }: { reason: string }) => `the certificate cannot be read: ${reason}`,
  PrivateKeyUnreadable: ({ reason }: { reason: string }) => `the private key cannot be read: ${reason}`,
  KeyMismatch: () => 'the private key does not belong to the first certificate',
  ChainMismatch: ({ reason }: { reason: string }) => `the certificate chain does not fit: ${reason}`,
  KeyGenerationBusy: () => 'too many keys are being generated; try again later',
  SmNotSupported: () => 'SM2 certificates are not supported',
}

export const problem = problemsOf(certificateProblems)
