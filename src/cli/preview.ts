import type { Show } from './output.ts'
import type { AnswerOf, Session } from './session.ts'
import type { Cell } from './table.ts'
import { dateCell, timeCell } from './times.ts'

type CaPreview = AnswerOf<'PreviewCaDeletion'>
type CertificatePreview = AnswerOf<'PreviewCertificateDeletion'>

const verdictCell = (verdict: CaPreview['verdict']): Cell => ({
  text: verdict === 'inUse' ? 'in use' : verdict,
  style: verdict === 'safe' ? 'good' : verdict === 'inUse' ? 'bad' : 'warning',
})

const events: Readonly<Record<CaPreview['calendar'][number]['event'], string>> = {
  scheduled: 'the deletion is scheduled',
  lastRestore: 'last moment to restore it',
  everythingRevoked: 'everything it issued is revoked',
  finalCrl: 'the final CRL is published',
  keyDestroyed: 'its key is destroyed, not before',
}

const counts = ({ valid, revoked, expired }: CaPreview['certificates']['leaves']): string =>
  `${valid} valid, ${revoked} revoked, ${expired} expired`

/** `certkeep ca delete --preview` for a person. */
export function caPreview(show: Show, preview: CaPreview, now: number): string {
  const { certificates, expiry, subCas, sameKey, evidence, sources, calendar } = preview
  return [
    show.record([
      ['verdict', verdictCell(preview.verdict)],
      ...many('because', preview.reasons),
      ...many('first', preview.obstacles),
      ['certificates', counts(certificates.leaves)],
      ['of CAs', counts(certificates.cas)],
      ['last ends', timeCell(preview.lastNotAfter, now)],
      ['without status pointer', String(preview.withoutStatusPointer)],
      ['status pointer unknown', String(preview.statusPointerUnknown)],
      ['keys that may decrypt', String(preview.decryptionKeys)],
      ['disposition', preview.disposition],
    ]),
    part(
      'What will happen',
      show.table(
        ['WHEN', 'WHAT', 'UNTIL'],
        calendar.map(({ at, event, until }) => [timeCell(at, now), events[event], timeCell(until, now)]),
      ),
    ),
    subCas.length > 0 &&
      part(
        'Sub-CAs that outlive its key',
        show.table(
          ['NAME', 'RELATION', 'ID', 'STATE', 'VALID UNTIL'],
          subCas.map(({ commonName, relation, caId, state, revoked, notAfter }) => [
            commonName ?? '-',
            relation,
            caId ?? '-',
            `${state ?? '-'}${revoked ? ', revoked' : ''}`,
            dateCell(notAfter, now),
          ]),
        ) + (preview.subCasNotShown > 0 ? `and ${preview.subCasNotShown} more\n` : ''),
      ),
    sameKey.length > 0 &&
      part(
        'Other CA certificates on its key',
        show.table(
          ['NAME', 'ID', 'VALID UNTIL', 'KEEPS THE KEY'],
          sameKey.map(({ commonName, caId, notAfter, keepsTheKey }) => [
            commonName ?? '-',
            caId ?? '-',
            dateCell(notAfter, now),
            keepsTheKey ? 'yes' : 'no',
          ]),
        ),
      ),
    seen(show, evidence, sources, now),
    expiry.days.length > 0 &&
      part(
        'Ends by day (UTC)',
        show.table(
          ['DAY', 'VALID', 'REVOKED'],
          [
            ...expiry.days.map(({ day, valid, revoked }) => [dateCell(day, now), String(valid), String(revoked)]),
            ...(expiry.later === null
              ? []
              : [
                  [
                    `later, until ${dateCell(expiry.later.upTo, now)}`,
                    String(expiry.later.valid),
                    String(expiry.later.revoked),
                  ],
                ]),
          ],
        ),
      ),
  ]
    .filter((each) => each !== false)
    .join('\n')
}

/** `certkeep cert delete --preview` for a person. */
export async function previewCertificate({ call, output, now }: Session, certificateId: string): Promise<void> {
  const preview = await call('PreviewCertificateDeletion', { certificateId })
  output.result(preview, (show) => certificatePreview(show, preview, now))
}

const certificatePreview = (show: Show, preview: CertificatePreview, now: number): string =>
  [
    show.record([
      ['verdict', verdictCell(preview.verdict)],
      ...many('because', preview.reasons),
      ...many('first', preview.obstacles),
      ['state', preview.state],
      ['valid until', timeCell(preview.notAfter, now)],
      ['issuer', preview.issuer === null ? '-' : `${preview.issuer.caId} (${preview.issuer.state})`],
      ['private key held', preview.privateKeyHeld ? 'yes' : 'no'],
      ['status pointers', preview.statusPointers.join(', ') || 'none'],
    ]),
    seen(show, preview.evidence, preview.sources, now),
  ].join('\n')

const seen = (show: Show, evidence: CaPreview['evidence'], sources: CaPreview['sources'], now: number): string =>
  part(
    'Seen lately',
    show.table(
      ['SOURCE', 'LAST', 'TIMES', 'WATCHED'],
      [
        ...evidence
          .filter(({ source }) => source === 'issue')
          .map(({ lastAt }) => ['issue', timeCell(lastAt, now), '-', 'watched']),
        ...sources.map(({ source, watching }) => {
          const mark = evidence.find((each) => each.source === source)
          return [source, timeCell(mark?.lastAt, now), mark ? String(mark.count ?? '-') : '0', watching]
        }),
      ],
    ),
  )

const part = (heading: string, text: string): string => `${heading}\n${text}`

const many = (name: string, values: readonly string[]): (readonly [string, Cell])[] =>
  values.map((value, index) => [index === 0 ? name : '', value])
