import { describe, expect, test } from 'vitest'
import { bitString, oid, primitive, sequence, set, utf8String } from './der/writer.ts'
import { tags } from './der/tags.ts'
import { X509Error } from './errors.ts'
import { buildName, buildNameFromRdns, isEmptyName, parseName, rdnsMatch } from './names.ts'
import type { NameFields } from './names.ts'
import { oids } from './oids.ts'
import { OpenSsl } from './test-support/openssl.ts'

const fields: NameFields = {
  country: 'CN',
  state: '浙江',
  locality: 'Hangzhou',
  organization: 'Example, Inc.',
  organizationalUnit: ['One', 'Two'],
  commonName: 'www.example.com',
}

describe('Name, RFC 5280 §4.1.2.4', () => {
  test('fields come back, several values of a type as a list', () => {
    expect(parseName(buildName(fields)).fields()).toEqual(fields)
  })

  test('appendix A.1: country is a PrintableString, the others UTF8String, e-mail and DC IA5String', () => {
    const name = parseName(buildName({ ...fields, emailAddress: 'a@b.example', domainComponent: ['example', 'com'] }))
    const tagOf = (type: string) => name.rdns.flat().find((each) => each.oid === type)?.value[0]
    expect(tagOf(oids.country)).toBe(tags.printableString)
    expect(tagOf(oids.commonName)).toBe(tags.utf8String)
    expect(tagOf(oids.emailAddress)).toBe(tags.ia5String)
    expect(tagOf(oids.domainComponent)).toBe(tags.ia5String)
  })

  test.each<[string, NameFields]>([
    ['a common name of 65 characters', { commonName: 'x'.repeat(65) }],
    ['a country of three letters', { country: 'CHN' }],
    ['a country of digits', { country: '12' }],
    ['a NUL', { commonName: 'a\0b' }],
    ['a line break', { organization: 'a\nb' }],
    ['half a surrogate pair', { commonName: '\ud800' }],
    ['an e-mail address beyond ASCII', { emailAddress: 'é@example.com' }],
    ['a serial number beyond PrintableString', { serialNumber: 'a@b' }],
    ['an empty value in a list', { organizationalUnit: ['a', ''] }],
  ])('%s is refused', (_, bad) => {
    expect(() => buildName(bad)).toThrow(expect.objectContaining({ code: 'BadName' }))
  })

  test('upper bounds count characters, not UTF-16 units', () => {
    expect(parseName(buildName({ commonName: '😀'.repeat(64) })).fields().commonName).toHaveLength(128)
  })

  test('empty fields are left out, and no fields make the empty name', () => {
    expect(isEmptyName(buildName({ organization: '', locality: undefined }))).toBe(true)
    expect(parseName(buildName({})).isEmpty).toBe(true)
  })

  test('raw octets are kept, whatever string types were used', () => {
    const teletex = sequence(set(sequence(oid(oids.commonName), primitive(tags.teletexString, Uint8Array.of(0xe9)))))
    const name = parseName(teletex)
    expect(name.der.toHex()).toBe(teletex.toHex())
    expect(name.fields()).toEqual({ commonName: 'é' })
  })

  test('BMPString and UniversalString are read', () => {
    const one = (tag: number, hex: string) =>
      parseName(sequence(set(sequence(oid(oids.commonName), primitive(tag, Buffer.from(hex, 'hex')))))).fields()
        .commonName
    expect(one(tags.bmpString, '4e2d')).toBe('中')
    expect(one(tags.universalString, '0001f600')).toBe('😀')
    expect(() => one(tags.bmpString, 'd800')).toThrow(X509Error)
    expect(() => one(tags.universalString, '00110000')).toThrow(X509Error)
  })

  test.each([
    ['an empty RDN', sequence(set())],
    ['an attribute of three parts', sequence(set(sequence(oid('2.5.4.3'), utf8String('a'), utf8String('b'))))],
    ['an attribute without a value', sequence(set(sequence(oid('2.5.4.3'))))],
    [
      'more than 64 attributes',
      sequence(...Array.from({ length: 65 }, () => set(sequence(oid('2.5.4.3'), utf8String('a'))))),
    ],
  ])('%s is refused', (_, der) => {
    expect(() => parseName(der)).toThrow(X509Error)
  })

  test('an RDN of several attributes is in DER order, and RFC 4514 joins it with +', () => {
    const name = parseName(buildNameFromRdns([{ country: 'CN' }, { userId: '7', commonName: 'a' }]))
    expect(name.rdns.map((rdn) => rdn.length)).toEqual([1, 2])
    expect(name.toString()).toBe('CN=a+UID=7,C=CN')
  })

  test('RFC 4514 §2.4: special characters are escaped, control characters too', () => {
    const text = (commonName: string) =>
      parseName(sequence(set(sequence(oid(oids.commonName), utf8String(commonName))))).toString()
    expect(text('a,b+c"d\\e<f>g;h')).toBe(String.raw`CN=a\,b\+c\"d\\e\<f\>g\;h`)
    expect(text('#a')).toBe(String.raw`CN=\#a`)
    expect(text(' a ')).toBe(String.raw`CN=\ a\ `)
    expect(text('a\nb\0')).toBe(String.raw`CN=a\0ab\00`)
  })

  test('RFC 4514 §2.4: a type without a name is written as OID and hexadecimal', () => {
    const name = parseName(sequence(set(sequence(oid('1.2.3'), bitString(Uint8Array.of(1))))))
    expect(name.toString()).toBe('1.2.3=#03020001')
  })

  test('RFC 5280 §7.1: names match without regard to case and runs of white space', () => {
    const rdn = (organization: string) => parseName(buildName({ organization })).rdns[0]!
    expect(rdnsMatch(rdn('Example  Inc'), rdn('example inc '))).toBe(true)
    expect(rdnsMatch(rdn('Example Inc'), rdn('Example Inc.'))).toBe(false)
  })

  test('OpenSSL reads the same name in RFC 4514 form', () => {
    using openssl = new OpenSsl()
    openssl.run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'k.pem')
    openssl.run(
      'req',
      '-new',
      '-utf8',
      '-key',
      'k.pem',
      '-subj',
      '/C=CN/O=Example, Inc./CN=www.example.com',
      '-outform',
      'DER',
      '-out',
      'r.der',
    )
    const text = openssl.run('req', '-inform', 'DER', '-in', 'r.der', '-noout', '-subject', '-nameopt', 'RFC2253')
    const ours = parseName(buildName({ country: 'CN', organization: 'Example, Inc.', commonName: 'www.example.com' }))
    expect(text.trim()).toBe(`subject=${ours.toString()}`)
  })
})
