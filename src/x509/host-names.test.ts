import fc from 'fast-check'
import { isIP } from 'node:net'
import { describe, expect, test } from 'vitest'
import { dnsNameProblem, emailProblem, uriHost, uriProblem } from './host-names.ts'
import { formatCidr, formatIp, ipInRange, parseCidr, parseIp } from './ip.ts'

describe('names of hosts, RFC 5280 §4.2.1.6', () => {
  test.each([
    'a',
    'localhost',
    'www.example.com',
    'WWW.Example.COM',
    '*.example.com',
    '*.local',
    '3com.com',
    'a-b.c--d.e',
    'xn--bcher-kva.example',
    'xn--fiqs8s',
    `${'a'.repeat(63)}.b`,
    '1.2.3.4a',
    '1e1',
  ])('dNSName %s is well formed', (name) => expect(dnsNameProblem(name)).toBeUndefined())

  test.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '-a.b',
    'a-.b',
    'a_b.c',
    'a b',
    'ä.de',
    '*',
    '*.',
    'a.*.b',
    '*a.b',
    '**.b',
    '*.*.b',
    `${'a'.repeat(64)}.b`,
    `${'a.'.repeat(127)}a`,
    'ab--c.d',
    'xn--.d',
    'xn--a.d',
    'xn--999999999',
    '1.2.3.4',
    '10',
    'a.1',
    'a\0.b',
    'a.b\n',
    'http://a.b',
    'a:80',
  ])('dNSName %j is refused', (name) => expect(dnsNameProblem(name)).toBeTypeOf('string'))

  test('RFC 9525 §6.3: wildcards are refused where they mean nothing', () => {
    expect(dnsNameProblem('*.example.com', { wildcard: false })).toBeTypeOf('string')
  })

  test.each(['a@b.example', "o'neil+x@example.com", 'a.b@localhost'])('rfc822Name %s is well formed', (name) => {
    expect(emailProblem(name)).toBeUndefined()
  })

  test.each([
    '',
    'a',
    '@b.c',
    'a@',
    'a@b@c',
    '.a@b.c',
    'a..b@c.d',
    'a b@c.d',
    '"a"@b.c',
    'a@*.b.c',
    'a@[1.2.3.4]',
    'é@b.c',
    `${'a'.repeat(65)}@b.c`,
  ])('rfc822Name %j is refused', (name) => expect(emailProblem(name)).toBeTypeOf('string'))

  test.each([
    'http://a.example/x?y=%20#z',
    'spiffe://trust/ns/x',
    'urn:uuid:00000000-0000-0000-0000-000000000000',
    'https://[::1]:8080/',
    'ldap://h:389/cn=x',
  ])('URI %s is well formed', (uri) => expect(uriProblem(uri)).toBeUndefined())

  test.each([
    '',
    '/a',
    'a',
    'http:',
    'http://',
    'http:///x',
    'http://u@h/',
    'http://a b/',
    'http://ä/',
    'http://a/%2',
    'http://h:x/',
    `http://${'a'.repeat(2050)}`,
  ])('URI %j is refused', (uri) => expect(uriProblem(uri)).toBeTypeOf('string'))

  test('the host of a URI has neither port nor case', () => {
    expect(uriHost('http://WWW.Example.com:80/x')).toBe('www.example.com')
    expect(uriHost('http://[::1]/')).toBe('[::1]')
    expect(uriHost('urn:a:b')).toBeUndefined()
  })
})

describe('IP addresses', () => {
  test('RFC 5952 §4: the shortest form', () => {
    const same = (text: string) => formatIp(parseIp(text)!)
    expect(same('2001:0DB8:0:0:1:0:0:1')).toBe('2001:db8::1:0:0:1')
    expect(same('::')).toBe('::')
    expect(same('::1')).toBe('::1')
    expect(same('1::')).toBe('1::')
    expect(same('::ffff:1.2.3.4')).toBe('::ffff:102:304')
    expect(same('1:2:3:4:5:6:7:0')).toBe('1:2:3:4:5:6:7:0')
    expect(same('1:0:3:4:5:6:7:8')).toBe('1:0:3:4:5:6:7:8')
  })

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '::1%eth0',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3.4:5',
    ':1::',
    '1:',
  ])('%j is refused', (text) => expect(parseIp(text)).toBeUndefined())

  test('parses what node:net calls an address, and only that', () => {
    const part = fc.constantFrom('', '0', 'ffff', '1', ':', '::', '.', '255', 'g', '1.2.3.4')
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
        (text) => {
          expect(parseIp(text) !== undefined).toBe(isIP(text) !== 0)
        },
      ),
      { seed: 4, numRuns: 5000 },
    )
  })

  test('any address comes back from its text', () => {
    const octets = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(octets, (address) => {
        const text = formatIp(address)!
        expect(isIP(text)).not.toBe(0)
        expect(parseIp(text)).toEqual(address)
      }),
      { seed: 5, numRuns: 1000 },
    )
  })

  test('RFC 5280 §4.2.1.10: ranges are address and mask, without holes or host bits', () => {
    expect(parseCidr('10.0.0.0/8')?.toHex()).toBe('0a000000ff000000')
    expect(formatCidr(parseCidr('2001:db8::/32')!)).toBe('2001:db8::/32')
    for (const text of ['10.0.0.1/8', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/08', '::/129', '/8'])
      expect(parseCidr(text)).toBeUndefined()
    expect(formatCidr(Buffer.from('0a000000ff00ff00', 'hex'))).toBeUndefined()
    expect(formatCidr(Buffer.from('0a00', 'hex'))).toBeUndefined()
    expect(ipInRange(parseIp('10.255.0.1')!, parseCidr('10.0.0.0/8')!)).toBe(true)
    expect(ipInRange(parseIp('11.0.0.1')!, parseCidr('10.0.0.0/8')!)).toBe(false)
    expect(ipInRange(parseIp('::1')!, parseCidr('0.0.0.0/0')!)).toBe(false)
  })
})
