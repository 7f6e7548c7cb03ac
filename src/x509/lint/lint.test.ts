import { describe, expect, test } from 'vitest'
import { buildTbsCertificate } from '../certificate.ts'
import { concatBytes } from '../bytes.ts'
import { buildTbsCertList, streamCrlEntries } from '../crl.ts'
import type { CrlEntry } from '../crl-entry.ts'
import { buildCsrInfo } from '../csr.ts'
import { constructed, integer, oid, primitive, sequence, set, utf8String } from '../der/writer.ts'
import { tags } from '../der/tags.ts'
import { authorityKeyIdentifier, basicConstraints, crlNumber, customExtension, keyUsage } from '../extensions/index.ts'
import { buildName } from '../names.ts'
import { oids } from '../oids.ts'
import { aLeafSpec, aRoot, day, ecKey, epoch } from '../test-support/hierarchy.ts'
import { Linted, LintError, lintCertificate, lintCrl, lintCsrInfo } from './lint.ts'
import type { CertificateProfile, CsrProfile } from './profile.ts'
import { csrRules } from './rules/index.ts'

const ca = aRoot()
const key = ecKey()
const profile: CertificateProfile = { kind: 'leaf', signatureAlgorithm: 'ecdsaWithSha256', chain: ca.chain }

describe('what was linted is what is signed', () => {
  test('a token gives its bytes once', () => {
    const tbs = buildTbsCertificate(aLeafSpec(ca, key))
    const token = lintCertificate(tbs, profile)
    expect(token).toBeInstanceOf(Linted)
    expect(token.kind).toBe('certificate')
    expect(token.consume().toHex()).toBe(tbs.toHex())
    expect(() => token.consume()).toThrow(expect.objectContaining({ code: 'TokenSpent' }))
  })

  test('bytes that change after linting change nothing', () => {
    const tbs = buildTbsCertificate(aLeafSpec(ca, key))
    const before = tbs.toHex()
    const token = lintCertificate(tbs, profile)
    tbs.fill(0)
    expect(token.consume().toHex()).toBe(before)
  })

  test('one forbidden thing is enough, and notes are reported with it', () => {
    const spec = aLeafSpec(ca, key)
    const tbs = buildTbsCertificate({ ...spec, serial: '00', extensions: spec.extensions.slice(0, 2) })
    const attempt = () => lintCertificate(tbs, profile)
    expect(attempt).toThrow(LintError)
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'LintForbids', message: expect.stringContaining('serial-number') as string }),
    )
    try {
      attempt()
    } catch (error) {
      const rules = (error as LintError).findings.map(({ rule, severity }) => `${severity} ${rule}`)
      expect(rules).toEqual(
        expect.arrayContaining([
          'forbid serial-number',
          'forbid authority-key-identifier',
          'note extended-key-usage-absent',
        ]),
      )
    }
  })

  test('notes alone do not keep bytes from being signed', () => {
    const spec = aLeafSpec(ca, key)
    const custom = customExtension('1.2.3', { critical: true }, integer(1))
    const token = lintCertificate(buildTbsCertificate({ ...spec, extensions: [...spec.extensions, custom] }), profile)
    expect(token.notes).toMatchObject([{ rule: 'extension-criticality-advised', severity: 'note' }])
  })

  test('an error that is none of ours is not swallowed', () => {
    const tbs = buildTbsCertificate(aLeafSpec(ca, key))
    expect(() => lintCertificate(tbs, { ...profile, signatureAlgorithm: 'none' as 'ed25519' })).toThrow(TypeError)
  })
})

describe('a linted CRL', () => {
  const spec = {
    signatureAlgorithm: 'ecdsaWithSha256',
    issuer: ca.certificate.tbs.subjectDer,
    thisUpdate: epoch,
    nextUpdate: epoch + day,
    extensions: [authorityKeyIdentifier(ca.key.spki.keyIdentifier()), crlNumber(5n)],
  } as const
  const entries: CrlEntry[] = Array.from({ length: 3000 }, (_, i) => ({
    serialHex: (0x1000 + i).toString(16),
    revokedAt: epoch,
    reason: 'superseded',
  }))
  const crlProfile = { signatureAlgorithm: 'ecdsaWithSha256', issuer: ca.certificate } as const

  test('gives the same bytes each time its stream is read', () => {
    const tbs = buildTbsCertList(spec, streamCrlEntries(entries))
    const token = lintCrl(tbs, crlProfile)
    const stream = token.consume()
    expect(() => token.consume()).toThrow(expect.objectContaining({ code: 'TokenSpent' }))
    for (let pass = 0; pass < 2; pass++) expect(concatBytes([...stream]).toHex()).toBe(concatBytes([...tbs]).toHex())
    expect(stream.byteLength).toBe(tbs.byteLength)
  })

  test('is cut off before its last chunk when the source gives other entries of the same length', () => {
    const changing = [...entries]
    const stream = lintCrl(buildTbsCertList(spec, streamCrlEntries(changing)), crlProfile).consume()
    changing[1500] = { ...changing[1500]!, serialHex: '7fff' }
    let bytes = 0
    expect(() => {
      for (const chunk of stream) bytes += chunk.length
    }).toThrow(expect.objectContaining({ code: 'CrlSourceChanged' }))
    expect(bytes).toBeLessThan(stream.byteLength)
  })
})

describe('our own requests', () => {
  const subject = buildName({ country: 'CN', commonName: 'Sub CA' })
  const extensions = [basicConstraints({ ca: true }), keyUsage(['keyCertSign', 'cRLSign'])]
  const csrProfile: CsrProfile = { signatureAlgorithm: 'ecdsaWithSha256' }
  const rulesOf = (info: Uint8Array, as = csrProfile) => {
    try {
      lintCsrInfo(info, as)
    } catch (error) {
      if (error instanceof LintError) return error.findings.map(({ rule }) => rule)
      throw error
    }
    return []
  }
  const withSubject = (name: Uint8Array) => buildCsrInfo({ subject: name, spki: key.spki.der, extensions })
  const challenge = sequence(oid(oids.challengePassword), set(utf8String('secret')))

  test('conform', () => {
    const info = withSubject(subject)
    const token = lintCsrInfo(info, csrProfile)
    expect(token.kind).toBe('csr')
    expect(token.consume().toHex()).toBe(info.toHex())
  })

  const broken: Record<string, [string, Uint8Array, CsrProfile?][]> = {
    'csr-attributes': [
      ['a challenge password', sequence(integer(0), subject, key.spki.der, constructed(0xa0, [challenge]))],
    ],
    'csr-public-key': [
      ['secp256k1', buildCsrInfo({ subject, spki: ecKey('secp256k1').spki.der, extensions })],
      ['an algorithm of another key', withSubject(subject), { signatureAlgorithm: 'sha256WithRsa' }],
    ],
    'csr-subject': [
      ['empty', withSubject(buildName({}))],
      [
        'TeletexString',
        withSubject(sequence(set(sequence(oid(oids.commonName), primitive(tags.teletexString, Buffer.from('a')))))),
      ],
    ],
  }

  describe.each([...csrRules])('rule $id ($source, $severity)', ({ id }) => {
    test.each(broken[id] ?? [])('%s', (_, info, as) => {
      expect(rulesOf(info, as)).toEqual([id])
    })
  })

  test('each rule has a broken fixture here', () => {
    expect(Object.keys(broken).toSorted()).toEqual(csrRules.map(({ id }) => id).toSorted())
  })

  test('bytes that are no request are refused as not well formed', () => {
    expect(rulesOf(withSubject(subject).subarray(1))).toEqual(['well-formed'])
  })
})
