import type { CertificateState } from './choices.ts'
import { nameText } from './inputs.ts'
import type { Show } from './output.ts'
import type { AnswerOf } from './session.ts'
import type { Cell } from './table.ts'
import type { Style } from './terminal.ts'
import { timeCell } from './times.ts'

const styles: Record<CertificateState, Style> = { valid: 'good', expired: 'bad', revoked: 'bad' }

export const certificateStateCell = (state: CertificateState): Cell => ({ text: state, style: styles[state] })

type Certificate = AnswerOf<'ShowPrivateCertificate'>['certificate']

/** A record without its sealed private key, which says nothing to anybody but the service. */
export function withoutSealedKey<C extends { sealedPrivateKey: unknown }>({ sealedPrivateKey, ...rest }: C) {
  return { ...rest, hasPrivateKey: sealedPrivateKey !== null }
}

export function certificateRecord(
  show: Show,
  certificate: Omit<Certificate, 'sealedPrivateKey'>,
  state: CertificateState,
  now: number,
): string {
  return show.record([
    ['id', certificate.id],
    ['number', String(certificate.number)],
    ...(certificate.name === null ? [] : ([['stored as', certificate.name]] as const)),
    ['name', certificate.commonName || '-'],
    [
      'subject',
      Object.entries(certificate.subject)
        .map(([part, value]) => `${part}=${nameText(value)}`)
        .join(', ') || '-',
    ],
    ['names', certificate.sans.join(', ') || '-'],
    ['state', certificateStateCell(state)],
    ['issuer', `${certificate.issuerName}${certificate.issuerId === null ? '' : ` (${certificate.issuerId})`}`],
    ['serial', certificate.serial],
    ['key', certificate.keyAlgorithm],
    ['valid from', timeCell(certificate.notBefore, now)],
    ['valid until', timeCell(certificate.notAfter, now)],
    ...(certificate.revokedAt === null
      ? []
      : ([
          ['revoked', `${timeCell(certificate.revokedAt, now)}, ${certificate.revocationReason ?? 'unspecified'}`],
        ] as const)),
    ['SHA-256', Buffer.from(certificate.sha256, 'base64').toString('hex')],
  ])
}
