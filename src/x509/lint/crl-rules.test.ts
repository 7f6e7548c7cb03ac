import { describe, expect, test } from 'vitest'
import { concatBytes } from '../bytes.ts'
import { buildTbsCertList, streamCrlEntries } from '../crl.ts'
import type { CrlEntry } from '../crl-entry.ts'
import type { CrlSpec, TbsCertList } from '../crl.ts'
import { tags } from '../der/tags.ts'
import { explicitTag, integer, primitive, sequence, time } from '../der/writer.ts'
import { signatureAlgorithms } from '../algorithms.ts'
import {
  basicConstraints,
  crlNumber,
  authorityKeyIdentifier,
  extension,
  issuingDistributionPoint,
  keyUsage,
  subjectKeyIdentifier,
} from '../extensions/index.ts'
import { buildName } from '../names.ts'
import { oids } from '../oids.ts'
import { aRoot, day, epoch, rsaKey } from '../test-support/hierarchy.ts'
import { LintError, lintCrl } from './lint.ts'
import type { LintFinding } from './rule.ts'
import type { CrlProfile } from './profile.ts'
import { crlRules } from './rules/index.ts'

const ca = aRoot()
const keyId = authorityKeyIdentifier(ca.key.spki.keyIdentifier())
const aCrl: CrlSpec = {
  signatureAlgorithm: 'ecdsaWithSha256',
  issuer: ca.certificate.tbs.subjectDer,
  thisUpdate: epoch,
  nextUpdate: epoch + day,
  extensions: [keyId, crlNumber(5n)],
}
const profile: CrlProfile = { signatureAlgorithm: 'ecdsaWithSha256', issuer: ca.certificate }
const entry: CrlEntry = { serialHex: 'f102030405060708', revokedAt: epoch, reason: 'keyCompromise' }

const build = (change: Partial<CrlSpec> = {}, entries: CrlEntry[] = [entry]) =>
  buildTbsCertList({ ...aCrl, ...change }, streamCrlEntries(entries))

function findings(tbs: TbsCertList, as: CrlProfile = profile): readonly LintFinding[] {
  try {
    return lintCrl(tbs, as).notes
  } catch (error) {
    if (error instanceof LintError) return error.findings
    throw error
  }
}

/** A stream of these chunks, as the builder never makes it. */
function raw(...chunks: Uint8Array[]): TbsCertList {
  const byteLength = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  return { byteLength, signatureAlgorithm: 'ecdsaWithSha256', [Symbol.iterator]: () => chunks[Symbol.iterator]() }
}

const { identifier } = signatureAlgorithms.ecdsaWithSha256
const extensions = explicitTag(0, sequence(keyId.der, crlNumber(5n).der))
const fields = [integer(1), identifier, aCrl.issuer, time(epoch), time(epoch + day)]

/** Header, entries and extensions in the chunks that a stream has. */
function rawCrl(head: Uint8Array[], entries: Uint8Array | undefined): TbsCertList {
  const list = entries && sequence(entries)
  const whole = sequence(...head, list ?? false, extensions)
  const cut = whole.length - extensions.length
  return raw(
    ...(entries ? [whole.subarray(0, cut - entries.length), entries] : [whole.subarray(0, cut)]),
    whole.subarray(cut),
  )
}

const withEntry = (...parts: Uint8Array[]) => rawCrl(fields, sequence(...parts))
const longAgo = primitive(tags.generalizedTime, Buffer.from('20260101000000Z'))
const unspecified = sequence(extension(oids.reasonCode, { critical: false }, Uint8Array.of(10, 1, 0)).der)

describe('what conforms', () => {
  test.each([
    ['with an entry', build()],
    ['without entries', build({}, [])],
    [
      'with an issuing distribution point',
      build({ extensions: [...aCrl.extensions, issuingDistributionPoint({ only: 'ca' })] }),
    ],
    [
      'with dates from 2050 on',
      build({ nextUpdate: Date.UTC(2051, 0, 1) }, [{ ...entry, revokedAt: Date.UTC(2050, 0, 1) }]),
    ],
    ['made by hand', withEntry(integer(5), time(epoch))],
  ])('%s has no finding', (_, tbs) => {
    expect(findings(tbs)).toEqual([])
  })
})

const noCrlSign = aRoot(
  {
    extensions: [
      basicConstraints({ ca: true }),
      keyUsage(['keyCertSign']),
      subjectKeyIdentifier(ca.key.spki.keyIdentifier()),
    ],
  },
  ca.key,
)

const broken: Record<string, [string, TbsCertList, CrlProfile?][]> = {
  'crl-authority-key-identifier': [
    ['absent', build({ extensions: [crlNumber(5n)] })],
    ['of another key', build({ extensions: [crlNumber(5n), authorityKeyIdentifier(Uint8Array.of(1))] })],
    [
      'critical',
      build({ extensions: [crlNumber(5n), extension(oids.authorityKeyIdentifier, { critical: true }, keyId.value)] }),
    ],
    [
      'empty',
      build({ extensions: [crlNumber(5n), extension(oids.authorityKeyIdentifier, { critical: false }, sequence())] }),
    ],
  ],
  'crl-entries': [
    ['an empty list', rawCrl(fields, new Uint8Array())],
    ['a negative serial', withEntry(primitive(tags.integer, Uint8Array.of(0x80)), time(epoch))],
    ['a serial of 21 octets', withEntry(integer(new Uint8Array(21).fill(1)), time(epoch))],
    ['GeneralizedTime before 2050', withEntry(integer(5), longAgo)],
    ['the reason unspecified', withEntry(integer(5), time(epoch), unspecified)],
    ['something behind the extensions', withEntry(integer(5), time(epoch), unspecified, unspecified)],
    ['empty extensions', withEntry(integer(5), time(epoch), sequence())],
  ],
  'crl-extensions': [
    ['twice', build({ extensions: [keyId, crlNumber(5n), crlNumber(6n)] })],
    [
      'a delta CRL',
      build({ extensions: [keyId, crlNumber(5n), extension(oids.deltaCrlIndicator, { critical: true }, integer(1))] }),
    ],
    [
      'issuing distribution point not critical',
      build({
        extensions: [
          keyId,
          crlNumber(5n),
          extension(oids.issuingDistributionPoint, { critical: false }, issuingDistributionPoint({ only: 'ca' }).value),
        ],
      }),
    ],
    [
      'an indirect CRL',
      build({
        extensions: [
          keyId,
          crlNumber(5n),
          extension(oids.issuingDistributionPoint, { critical: true }, sequence(Uint8Array.of(0x84, 1, 0xff))),
        ],
      }),
    ],
  ],
  'crl-issuer': [
    ['another name', build({ issuer: buildName({ commonName: 'x' }) })],
    ['empty', build({ issuer: buildName({}) })],
    ['a CA without cRLSign', build(), { ...profile, issuer: noCrlSign.certificate }],
  ],
  'crl-number': [
    ['absent', build({ extensions: [keyId] })],
    ['critical', build({ extensions: [keyId, extension(oids.crlNumber, { critical: true }, integer(5))] })],
    ['negative', build({ extensions: [keyId, extension(oids.crlNumber, { critical: false }, integer(-5))] })],
  ],
  'crl-signature-algorithm': [
    ['another hash', build({ signatureAlgorithm: 'ecdsaWithSha384' })],
    [
      'a key of another type',
      build({ signatureAlgorithm: 'sha256WithRsa' }),
      { ...profile, signatureAlgorithm: 'sha256WithRsa' },
    ],
  ],
  'crl-times': [
    ['nextUpdate before thisUpdate', build({ nextUpdate: epoch - day })],
    ['nextUpdate equal to thisUpdate', build({ nextUpdate: epoch })],
    ['no nextUpdate', rawCrl(fields.slice(0, 4), undefined)],
    ['GeneralizedTime before 2050', rawCrl([...fields.slice(0, 3), longAgo, fields[4]!], undefined)],
  ],
  'crl-version': [['1', rawCrl(fields.slice(1), undefined)]],
}

describe.each([...crlRules])('rule $id ($source, $severity)', ({ id, severity }) => {
  test.each(broken[id] ?? [])('%s', (_, tbs, as) => {
    expect(findings(tbs, as)).toContainEqual(expect.objectContaining({ rule: id, severity }))
  })
})

describe('the list of rules', () => {
  test('each has a broken fixture here', () => {
    expect(Object.keys(broken).toSorted()).toEqual(crlRules.map(({ id }) => id).toSorted())
  })

  const whole = concatBytes([...build()])
  const [header, entries, trailer] = [...build()] as [Uint8Array, Uint8Array, Uint8Array]

  test.each([
    ['nothing', raw()],
    ['all in one chunk', raw(whole)],
    ['a missing trailer', raw(header, entries)],
    ['a missing entry', raw(header, trailer)],
    ['an entry cut in two', raw(header, entries.subarray(0, 9), entries.subarray(9), trailer)],
    ['a second trailer', raw(header, entries, trailer, trailer)],
    ['a header cut short', raw(header.subarray(0, 20), entries, trailer)],
    ['an entry that is no SEQUENCE', raw(header, primitive(tags.octetString, entries.subarray(2)), trailer)],
    ['an entry whose serial is not minimal', withEntry(primitive(tags.integer, Uint8Array.of(0, 1)), time(epoch))],
  ])('%s is refused as not well formed', (_, tbs) => {
    expect(findings(tbs)).toMatchObject([{ rule: 'well-formed', severity: 'forbid' }])
  })

  test('an RSA CA signs with RSA', () => {
    const rsa = aRoot({ signatureAlgorithm: 'sha256WithRsa' }, rsaKey())
    expect(rsa.certificate.tbs.spki.keyType).toBe('rsa')
    const tbs = build({
      signatureAlgorithm: 'sha256WithRsa',
      issuer: rsa.certificate.tbs.subjectDer,
      extensions: [crlNumber(1n)],
    })
    const found = findings(tbs, { signatureAlgorithm: 'sha256WithRsa', issuer: rsa.certificate })
    expect(found.map(({ rule }) => rule)).toEqual(['crl-authority-key-identifier'])
  })
})
