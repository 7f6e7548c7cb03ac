import Type, { type Static } from 'typebox'
import { problem, type Write, type Problem } from '../kernel/index.ts'
import type { IssuanceLedger } from '../issuance/index.ts'
import { reasonCodes, type RevocationReason } from '../x509/index.ts'

/** What of the ledger of revocations an import writes. */
export interface RevocationLoading {
  find(caId: string, serial: string): Promise<{ revokedAt: number; reason: RevocationReason } | undefined>
  record(
    revocation: { caId: string; serial: string; revokedAt: number; reason: RevocationReason; notAfter: number },
    already: Problem,
  ): Write[]
  takeCrlNumber(caId: string, last: number, next: number, taken: Problem): Write
}

export const maxIssued = 10_000

const reasons = Object.keys(reasonCodes).filter((reason) => reason !== 'removeFromCRL') as RevocationReason[]
const instant = Type.Integer({ minimum: 0, maximum: 253_402_300_799_000 })

/** Certificates that a CA issued before it came here, in three spellings; all that are given count. */
export const issuedFields = {
  /** Serials in hexadecimal, times in ms since 1970. */
  issued: Type.Optional(
    Type.Array(
      Type.Object(
        {
          serial: Type.String({ pattern: '^[0-9A-Fa-f]{1,40}$' }),
          notAfter: instant,
          kind: Type.Optional(Type.Enum(['leaf', 'ca'])),
          revokedAt: Type.Optional(instant),
          reason: Type.Optional(Type.Enum(reasons)),
        },
        { additionalProperties: false },
      ),
      { maxItems: maxIssued },
    ),
  ),
  /** The text of the database of `openssl ca`, index.txt. */
  opensslIndex: Type.Optional(Type.String({ maxLength: 3_000_000 })),
  /** Rows of cfssl's table `certificates`; other columns are not looked at. */
  cfsslCertificates: Type.Optional(
    Type.Array(
      Type.Object({
        /** Decimal. */
        serial_number: Type.String({ pattern: '^[0-9]{1,49}$' }),
        status: Type.Enum(['good', 'revoked']),
        reason: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 10 }), Type.Null()])),
        expiry: Type.String({ maxLength: 40 }),
        revoked_at: Type.Optional(Type.Union([Type.String({ maxLength: 40 }), Type.Null()])),
      }),
      { maxItems: maxIssued },
    ),
  ),
}

const issuedInput = Type.Object(issuedFields)

export interface IssuedElsewhere {
  /** As ledgers have it: whole octets in lower-case hexadecimal, no leading zero octets. */
  serial: string
  notAfter: number
  kind: 'leaf' | 'ca'
  revoked: { at: number; reason: RevocationReason } | undefined
}

/**
 * What was issued elsewhere, at most {@link maxIssued}, each serial once.
 * @throws Problem InputInvalid, naming the line or row
 */
export function readIssued(input: Static<typeof issuedInput>, now: number): IssuedElsewhere[] {
  const all = [
    ...(input.issued ?? []).map(fromList),
    ...(input.opensslIndex === undefined ? [] : fromIndex(input.opensslIndex)),
    ...(input.cfsslCertificates ?? []).map(fromRow),
  ]
  if (all.length > maxIssued) throw invalid('issued', `more than ${maxIssued} certificates in one call`)
  const seen = new Set<string>()
  for (const { serial, revoked } of all) {
    if (seen.has(serial)) throw invalid('issued', `the serial number ${serial} is there twice`)
    seen.add(serial)
    // A CRL is of the past: an entry of tomorrow would be a statement about nothing that has happened.
    if (revoked && revoked.at > now) throw invalid('issued', `${serial} is revoked in the future`)
  }
  return all
}

/** The ledgers' entries for them. Of what was issued elsewhere the bytes are not known: the hashes are empty. */
export function loadIssued(
  deps: { ledger: IssuanceLedger; revocations: RevocationLoading },
  caId: string,
  issued: readonly IssuedElsewhere[],
  now: number,
  taken: Problem,
): Write[] {
  const unknown = new Uint8Array(0)
  return issued.flatMap(({ serial, notAfter, kind, revoked }) => {
    const entry = { caId, serial, kind, notAfter, certificateSha256: unknown, spkiSha256: unknown, issuedAt: now }
    const writes = deps.ledger.record(entry, { crlUrl: undefined }, taken)
    if (revoked)
      writes.push(
        ...deps.revocations.record({ caId, serial, revokedAt: revoked.at, reason: revoked.reason, notAfter }, taken),
      )
    return writes
  })
}

const invalid = (field: string, reason: string): Problem => problem('InputInvalid', { field, reason })

/** RFC 5280 §4.1.2.2: at most 20 octets, which is what a CRL of ours may list. */
function serialOf(hex: string, field: string): string {
  const digits = hex.toLowerCase().replace(/^0+(?=.)/, '')
  if (digits.length > 40) throw invalid(field, 'a serial number of more than 20 octets')
  return digits.padStart(digits.length + (digits.length % 2), '0')
}

type Listed = NonNullable<Static<typeof issuedInput>['issued']>[number]

function fromList({ serial, notAfter, kind = 'leaf', revokedAt, reason }: Listed, index: number): IssuedElsewhere {
  if (reason !== undefined && revokedAt === undefined)
    throw invalid(`issued.${index}`, 'has a reason, but no instant of revocation')
  const revoked = revokedAt === undefined ? undefined : { at: revokedAt, reason: reason ?? 'unspecified' }
  return { serial: serialOf(serial, `issued.${index}`), notAfter, kind, revoked }
}

/** OpenSSL's own words where they are not RFC 5280's; the two with a time tell when the key was known to be lost. */
const indexReasons: Readonly<Record<string, RevocationReason>> = {
  ...Object.fromEntries(reasons.map((reason) => [reason.toLowerCase(), reason])),
  holdinstruction: 'certificateHold',
  keytime: 'keyCompromise',
  cakeytime: 'cACompromise',
}

/**
 * A line of index.txt: status, expiry, revocation[,reason[,…]], serial, file, subject, with tabs between them. Status V is valid,
 * R revoked, E expired.
 */
function fromIndex(text: string): IssuedElsewhere[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const field = `opensslIndex line ${index + 1}`
    const columns = line.replace(/\r$/, '').split('\t')
    if (line.trim() === '' || line.startsWith('#')) return []
    const [status = '', expiry = '', revocation = '', serial = ''] = columns
    if (columns.length !== 6 || !/^[VRE]$/.test(status) || !/^[0-9A-Fa-f]{1,64}$/.test(serial))
      throw invalid(field, 'is no line of an index.txt')
    const [at = '', reason = 'unspecified'] = revocation.split(',')
    const known = reason.toLowerCase()
    if (status === 'R' && !Object.hasOwn(indexReasons, known)) throw invalid(field, 'has a reason that is not known')
    const revoked = status === 'R' ? { at: asn1Time(at, field), reason: indexReasons[known]! } : undefined
    return [{ serial: serialOf(serial, field), notAfter: asn1Time(expiry, field), kind: 'leaf' as const, revoked }]
  })
}

/** YYMMDDHHMMSSZ, years before 50 being of this century (RFC 5280 §4.1.2.5.1), or YYYYMMDDHHMMSSZ. */
function asn1Time(text: string, field: string): number {
  const [, year = '', month, day, hour, minute, second] =
    /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  const full = year.length === 2 ? `${Number(year) < 50 ? '20' : '19'}${year}` : year
  return instantOf(`${full}-${month}-${day}T${hour}:${minute}:${second}Z`, field)
}

type CfsslRow = NonNullable<Static<typeof issuedInput>['cfsslCertificates']>[number]

function fromRow(row: CfsslRow, index: number): IssuedElsewhere {
  const field = `cfsslCertificates.${index}`
  const code = row.reason ?? 0
  const reason = reasons.find((name) => reasonCodes[name] === code)
  if (row.status === 'revoked' && reason === undefined) throw invalid(field, 'has a reason that is not known')
  return {
    serial: serialOf(BigInt(row.serial_number).toString(16), field),
    notAfter: instantOf(row.expiry, field),
    kind: 'leaf',
    revoked: row.status === 'revoked' ? { at: instantOf(row.revoked_at ?? '', field), reason: reason! } : undefined,
  }
}

/** RFC 3339, also with a blank in place of the T, as databases write it. */
function instantOf(text: string, field: string): number {
  const isTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/.test(text)
  const at = isTime ? Date.parse(text.replace(' ', 'T')) : NaN
  if (Number.isNaN(at) || at < 0) throw invalid(field, 'has no time that can be read')
  return at
}
