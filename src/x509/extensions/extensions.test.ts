import { describe, expect, test } from 'vitest'
import { DerReader } from '../der/reader.ts'
import { boolean, explicitTag, integer, nullValue, octetString, oid, sequence } from '../der/writer.ts'
import { X509Error } from '../errors.ts'
import { buildName } from '../names.ts'
import { oids } from '../oids.ts'
import { readExtensions } from './extension.ts'
import {
  authorityInformationAccess,
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoints,
  crlNumber,
  customExtension,
  extendedKeyUsage,
  issuingDistributionPoint,
  keyPurposes,
  keyUsage,
  keyUsageNames,
  nameConstraints,
  ocspNoCheck,
  readAuthorityInformationAccess,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readCrlDistributionPoints,
  readCrlNumber,
  readExtendedKeyUsage,
  readIssuingDistributionPoint,
  readKeyUsage,
  readNameConstraints,
  readReasonCode,
  readSubjectAltName,
  readSubjectKeyIdentifier,
  reasonCode,
  reasonCodes,
  subjectAltName,
  subjectKeyIdentifier,
} from './index.ts'
import type { GeneralName } from '../general-names.ts'
import type { RevocationReason, Subtree } from './index.ts'

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const value = (extension: { value: Uint8Array } | undefined) => extension!.value.toHex()

describe('Extension, RFC 5280 §4.1', () => {
  test('X.690 §11.5: critical FALSE is left out, and refused when written', () => {
    expect(basicConstraints({ ca: false }).der.toHex()).toBe('30090603551d1304023000')
    expect(basicConstraints({ ca: true }).der.toHex()).toBe('300f0603551d130101ff040530030101ff')
    const stated = sequence(sequence(oid(oids.keyUsage), boolean(false), octetString(nullValue())))
    expect(() => readExtensions(new DerReader(stated))).toThrow(expect.objectContaining({ code: 'BadBoolean' }))
  })

  test('reads what it builds, raw octets included', () => {
    const built = [keyUsage(['digitalSignature']), subjectKeyIdentifier(bytes('0102'))]
    const read = readExtensions(new DerReader(sequence(...built.map(({ der }) => der))))
    expect(read.map(({ oid: type, critical, der }) => [type, critical, der.toHex()])).toEqual(
      built.map(({ oid: type, critical, der }) => [type, critical, der.toHex()]),
    )
  })

  test('SIZE (1..MAX): an empty list is refused, and so are more than 128', () => {
    expect(() => readExtensions(new DerReader(sequence()))).toThrow(X509Error)
    const many = sequence(...Array.from({ length: 129 }, () => ocspNoCheck().der))
    expect(() => readExtensions(new DerReader(many))).toThrow(expect.objectContaining({ code: 'BadExtension' }))
  })
})

describe('basicConstraints, RFC 5280 §4.2.1.9', () => {
  test('cA, path length and the empty SEQUENCE of an end entity', () => {
    expect(value(basicConstraints({ ca: true, pathLength: 0 }))).toBe('30060101ff020100')
    expect(readBasicConstraints(bytes('30060101ff020105'))).toEqual({ ca: true, pathLength: 5 })
    expect(readBasicConstraints(bytes('3000'))).toEqual({ ca: false, pathLength: undefined })
  })

  test.each(['3003010100', '3003020100', '30060101ff0201ff', '30080101ff0201000500', '30000500'])(
    '%s is refused',
    (hex) => {
      expect(() => readBasicConstraints(bytes(hex))).toThrow(X509Error)
    },
  )
})

describe('keyUsage, RFC 5280 §4.2.1.3', () => {
  test('named bits without trailing zeros; the ninth needs a second octet', () => {
    expect(value(keyUsage(['digitalSignature', 'keyEncipherment']))).toBe('030205a0')
    expect(value(keyUsage(['decipherOnly', 'keyAgreement']))).toBe('0303070880')
    expect(keyUsage(['cRLSign']).critical).toBe(true)
    expect(readKeyUsage(keyUsage(keyUsageNames).value)).toEqual(keyUsageNames)
  })

  test('no bit, unknown bits and trailing zeros are refused', () => {
    expect(() => keyUsage([])).toThrow(X509Error)
    for (const hex of ['030100', '0303060040', '030204a0']) expect(() => readKeyUsage(bytes(hex))).toThrow(X509Error)
  })
})

describe('extendedKeyUsage, RFC 5280 §4.2.1.12', () => {
  test('purposes by OID, each once', () => {
    const built = extendedKeyUsage([keyPurposes.serverAuth, '1.2.3', keyPurposes.serverAuth])
    expect(readExtendedKeyUsage(built.value)).toEqual([keyPurposes.serverAuth, '1.2.3'])
    expect(() => extendedKeyUsage([])).toThrow(X509Error)
    expect(() => readExtendedKeyUsage(bytes('3000'))).toThrow(X509Error)
    const many = sequence(...Array.from({ length: 65 }, () => oid('1.2.3')))
    expect(() => readExtendedKeyUsage(many)).toThrow(expect.objectContaining({ code: 'BadExtension' }))
  })
})

describe('subjectAltName, RFC 5280 §4.2.1.6', () => {
  const names: GeneralName[] = [
    { type: 'dns', value: '*.example.com' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'ip', value: '2001:db8::1' },
    { type: 'email', value: 'a@example.com' },
    { type: 'uri', value: 'spiffe://example.com/a' },
  ]

  test('names of four forms come back', () => {
    expect(readSubjectAltName(subjectAltName(names).value)).toEqual(names)
    expect(value(subjectAltName([{ type: 'dns', value: 'a.b' }]))).toBe('30058203612e62')
    expect(subjectAltName(names, { critical: true }).critical).toBe(true)
  })

  test('a directoryName and forms that we do not write are read', () => {
    const subject = buildName({ commonName: 'x' })
    const read = readSubjectAltName(sequence(explicitTag(4, subject), Uint8Array.of(0x88, 1, 0x2a)))
    expect(read).toMatchObject([{ type: 'directoryName' }, { type: 'other', tagNumber: 8 }])
    expect(() => subjectAltName(read)).toThrow(expect.objectContaining({ code: 'BadName' }))
  })

  test.each<GeneralName>([
    { type: 'dns', value: 'a_b' },
    { type: 'dns', value: '192.0.2.1' },
    { type: 'ip', value: '1.2.3' },
    { type: 'email', value: 'a' },
    { type: 'uri', value: '/a' },
  ])('$type $value is not written', (name) => {
    expect(() => subjectAltName([name])).toThrow(expect.objectContaining({ code: 'BadName' }))
  })

  test.each([
    ['no names', '3000'],
    ['an address of five octets', '300787050102030405'],
    ['a dNSName beyond ASCII', '3003820180'],
    ['a universal tag', '30020500'],
  ])('%s: refused on reading', (_, hex) => {
    expect(() => readSubjectAltName(bytes(hex))).toThrow(X509Error)
  })

  test('none and too many are refused', () => {
    expect(() => subjectAltName([])).toThrow(X509Error)
    expect(() => subjectAltName(Array<GeneralName>(2001).fill({ type: 'dns', value: 'a' }))).toThrow(X509Error)
  })
})

describe('key identifiers, RFC 5280 §4.2.1.1, §4.2.1.2', () => {
  test('an OCTET STRING, and [0] in a SEQUENCE', () => {
    expect(value(subjectKeyIdentifier(bytes('0102')))).toBe('04020102')
    expect(readSubjectKeyIdentifier(bytes('04020102')).toHex()).toBe('0102')
    expect(value(authorityKeyIdentifier(bytes('0102')))).toBe('300480020102')
  })

  test('issuer and serial of others are seen', () => {
    const withSerial = sequence(Uint8Array.of(0xa1, 2, 0x82, 0), Uint8Array.of(0x82, 1, 5))
    expect(readAuthorityKeyIdentifier(withSerial)).toEqual({ keyIdentifier: undefined, namesIssuerAndSerial: true })
    expect(() => readAuthorityKeyIdentifier(sequence(Uint8Array.of(0xa1, 2, 0x82, 0)))).toThrow(X509Error)
  })
})

describe('where to find status, RFC 5280 §4.2.1.13, §4.2.2.1', () => {
  const urls = ['http://a.example/1.crl', 'http://b.example/1.crl']

  test('CRL distribution points: one point for each URL', () => {
    expect(readCrlDistributionPoints(crlDistributionPoints(urls).value)).toEqual(urls)
    expect(value(crlDistributionPoints(['a:b']))).toBe('300b3009a007a0058603613a62')
    expect(() => crlDistributionPoints([])).toThrow(X509Error)
    expect(() => crlDistributionPoints(['no url'])).toThrow(X509Error)
  })

  test('points with reasons, a CRL issuer or a relative name are read past', () => {
    const relative = sequence(explicitTag(0, Uint8Array.of(0xa1, 0)))
    const reasons = sequence(Uint8Array.of(0x81, 2, 0, 0xff), Uint8Array.of(0xa2, 2, 0x82, 0))
    expect(readCrlDistributionPoints(sequence(relative, reasons))).toEqual([])
    expect(() => readCrlDistributionPoints(bytes('3000'))).toThrow(X509Error)
  })

  test('authority information access: responders and issuers apart', () => {
    const access = { ocsp: ['http://a.example/ocsp'], caIssuers: ['http://a.example/ca.cer'] }
    expect(readAuthorityInformationAccess(authorityInformationAccess(access).value)).toEqual(access)
    expect(() => authorityInformationAccess({})).toThrow(X509Error)
    const other = sequence(
      sequence(oid('1.2.3'), Uint8Array.of(0x86, 1, 0x61)),
      sequence(oid(oids.ocsp), Uint8Array.of(0x82, 1, 0x61)),
    )
    expect(readAuthorityInformationAccess(other)).toEqual({ ocsp: [], caIssuers: [] })
  })
})

describe('CRL extensions, RFC 5280 §5.2, §5.3', () => {
  test('§5.2.3: numbers up to 20 octets', () => {
    expect(value(crlNumber(0n))).toBe('020100')
    expect(value(crlNumber(128n))).toBe('02020080')
    const largest = (1n << 159n) - 1n
    expect(readCrlNumber(crlNumber(largest).value)).toBe(largest)
    expect(() => crlNumber(largest + 1n)).toThrow(X509Error)
    expect(() => crlNumber(-1n)).toThrow(X509Error)
    expect(() => readCrlNumber(bytes('0201ff'))).toThrow(X509Error)
    expect(() => readCrlNumber(integer(1n << 160n))).toThrow(X509Error)
  })

  test('§5.3.1: every reason comes back; unspecified is left out; 7 does not exist', () => {
    for (const reason of Object.keys(reasonCodes) as RevocationReason[]) {
      const built = reasonCode(reason)
      if (reason === 'unspecified') expect(built).toBeUndefined()
      else expect(readReasonCode(built!.value)).toBe(reason)
    }
    expect(() => readReasonCode(bytes('0a0107'))).toThrow(X509Error)
  })

  test('§5.2.5: issuing distribution point is critical, not empty and about one kind of certificate', () => {
    const built = issuingDistributionPoint({ urls: ['http://a.example/1.crl'], only: 'ca' })
    expect(built.critical).toBe(true)
    expect(readIssuingDistributionPoint(built.value)).toEqual({
      urls: ['http://a.example/1.crl'],
      only: 'ca',
      indirect: false,
    })
    expect(value(issuingDistributionPoint({ only: 'user' }))).toBe('30038101ff')
    expect(() => issuingDistributionPoint({})).toThrow(X509Error)
    expect(() => readIssuingDistributionPoint(bytes('30068101ff8201ff'))).toThrow(X509Error)
    expect(() => readIssuingDistributionPoint(bytes('3003810100'))).toThrow(X509Error)
    expect(readIssuingDistributionPoint(bytes('3007830200808401ff')).indirect).toBe(true)
    expect(readIssuingDistributionPoint(bytes('30038501ff')).only).toBe('attribute')
  })
})

describe('nameConstraints, RFC 5280 §4.2.1.10', () => {
  const permitted: Subtree[] = [
    { type: 'dns', value: 'example.com' },
    { type: 'dns', value: '.sub.example.com' },
    { type: 'email', value: 'a@example.com' },
    { type: 'uri', value: '.example.com' },
    { type: 'ip', value: '10.0.0.0/8' },
    { type: 'ip', value: '2001:db8::/32' },
  ]

  test('subtrees of each form come back', () => {
    const excluded: Subtree[] = [{ type: 'directoryName', der: buildName({ country: 'CN' }) }]
    const built = nameConstraints({ permitted, excluded })
    expect(built.critical).toBe(true)
    const read = readNameConstraints(built.value)
    expect(read.permitted).toEqual(permitted)
    expect(read.excluded).toMatchObject([{ type: 'directoryName' }])
  })

  test.each<Subtree>([
    { type: 'dns', value: '*.example.com' },
    { type: 'dns', value: '..a' },
    { type: 'email', value: 'a@' },
    { type: 'ip', value: '10.0.0.1/8' },
    { type: 'ip', value: '10.0.0.0' },
    { type: 'other', tagNumber: 8 },
  ])('$type $value is not written', (subtree) => {
    expect(() => nameConstraints({ excluded: [subtree] })).toThrow(X509Error)
  })

  test.each([
    ['an empty SEQUENCE', '3000'],
    ['an empty list', '3002a000'],
    ['a minimum', '300aa0083006820161800101'],
    ['a mask with holes', '300ea00c300a87080a000000ff00ff00'],
    ['a mask of a wrong size', '3009a00730058703010203'],
  ])('%s is refused on reading', (_, hex) => {
    expect(() => readNameConstraints(bytes(hex))).toThrow(X509Error)
  })

  test('forms that we cannot judge are kept as such', () => {
    expect(readNameConstraints(bytes('3007a005300388012a')).permitted).toEqual([{ type: 'other', tagNumber: 8 }])
  })

  test('nothing to constrain is refused', () => {
    expect(() => nameConstraints({})).toThrow(X509Error)
  })
})

describe('custom extensions', () => {
  test('hold any strict DER under an arc of their own', () => {
    expect(customExtension('1.3.6.1.4.1.99999.1', { critical: false }, bytes('0c0161')).value.toHex()).toBe('0c0161')
    expect(() => customExtension('1.2.3', { critical: false }, bytes('0c810161'))).toThrow(X509Error)
  })

  test.each([
    '2.5.29',
    '2.5.29.19',
    '2.5.29.17.1',
    '1.3.6.1.5.5.7.48.1.5',
    '2.16.840.1.113730.1.1',
    '1.3.6.1.4.1.11129.2.4.3',
  ])('%s lies under an arc of the standards', (type) => {
    expect(() => customExtension(type, { critical: false }, bytes('0500'))).toThrow(
      expect.objectContaining({ code: 'BadExtension' }),
    )
  })

  test('an arc that only begins with the same digits is free', () => {
    expect(customExtension('2.5.290.1', { critical: false }, bytes('0500')).oid).toBe('2.5.290.1')
  })
})
