import { describe, expect, test } from 'vitest'
import { clientReader, type TrustedProxies } from './client-address.ts'

const trusted: TrustedProxies = { blocks: ['10.0.0.0/8', '::1'], header: 'x-forwarded-for' }
const rfc7239: TrustedProxies = { ...trusted, header: 'forwarded' }

const seen = (proxies: TrustedProxies | undefined, address: string, headers: string[], encrypted = false) =>
  clientReader(proxies)({ address, encrypted, rawHeaders: headers })

describe('the client behind proxies', () => {
  test('without trusted proxies nobody is believed', () => {
    expect(seen(undefined, '10.0.0.1', ['X-Forwarded-For', '192.0.2.1', 'X-Forwarded-Proto', 'https'])).toEqual({
      sourceIp: '10.0.0.1',
      secureTransport: false,
    })
  })

  test('a stranger is not believed either', () => {
    expect(seen(trusted, '192.0.2.9', ['X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'https'])).toEqual({
      sourceIp: '192.0.2.9',
      secureTransport: false,
    })
  })

  test('the rightmost hop that is no trusted proxy is the client; what stands before it may be invented', () => {
    const chain = '127.0.0.1, 198.51.100.1, 192.0.2.1, 10.9.9.9'
    expect(seen(trusted, '10.0.0.1', ['X-Forwarded-For', chain]).sourceIp).toBe('192.0.2.1')
  })

  test('a header in several lines is one list', () => {
    const lines = ['X-Forwarded-For', '127.0.0.1', 'x-forwarded-for', '192.0.2.1', 'X-FORWARDED-FOR', '10.1.1.1']
    expect(seen(trusted, '::ffff:10.0.0.1', lines).sourceIp).toBe('192.0.2.1')
  })

  test.each(['unknown', '_hidden', '192.0.2.1.5', '<script>', '1'.repeat(1_000)])(
    'an entry that is no address (%s) ends the reading at the last hop known',
    (entry) => {
      expect(seen(trusted, '10.0.0.1', ['X-Forwarded-For', `192.0.2.1, ${entry}, 10.2.2.2`]).sourceIp).toBe('10.2.2.2')
    },
  )

  test.each([
    ['192.0.2.1:4711', '192.0.2.1'],
    ['[2001:db8::1]:4711', '2001:db8:0:0:0:0:0:1'],
    ['2001:db8::1', '2001:db8:0:0:0:0:0:1'],
  ])('%s names %s', (entry, address) => {
    expect(seen(trusted, '10.0.0.1', ['X-Forwarded-For', entry]).sourceIp).toBe(address)
  })

  test('RFC 7239 §4: Forwarded, quoted or not, when the operator says that this is the header', () => {
    const header = 'for=192.0.2.60;proto=http, For="[2001:db8::1]:80";Proto=https;by=10.0.0.1'
    expect(seen(rfc7239, '10.0.0.1', ['Forwarded', header])).toEqual({
      sourceIp: '2001:db8:0:0:0:0:0:1',
      secureTransport: true,
    })
  })

  test('the header that the proxy does not write passes it as the client wrote it, and is not read', () => {
    expect(seen(trusted, '10.0.0.1', ['Forwarded', 'for=127.0.0.1;proto=https'])).toEqual({
      sourceIp: '10.0.0.1',
      secureTransport: false,
    })
    expect(seen(rfc7239, '10.0.0.1', ['X-Forwarded-For', '127.0.0.1', 'X-Forwarded-Proto', 'https'])).toEqual({
      sourceIp: '10.0.0.1',
      secureTransport: false,
    })
  })

  test('the scheme is the word of the nearest proxy; without one it is that of the connection', () => {
    const proto = (...values: string[]) => values.flatMap((value) => ['X-Forwarded-Proto', value])
    expect(seen(trusted, '10.0.0.1', proto('https')).secureTransport).toBe(true)
    expect(seen(trusted, '10.0.0.1', proto('https', 'http')).secureTransport).toBe(false)
    expect(seen(trusted, '10.0.0.1', proto('https, http')).secureTransport).toBe(false)
    expect(seen(trusted, '10.0.0.1', proto('http'), true).secureTransport).toBe(false)
    expect(seen(trusted, '10.0.0.1', [], true).secureTransport).toBe(true)
  })

  test('10,000 mutated headers give an address or the peer, and never an error', () => {
    let state = 7
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state % below
    }
    const alphabet = '0123456789abcdef.:,;=" []forprtos\u0000\t'
    const seed = 'for=192.0.2.60;proto=https, for="[2001:db8::1]:80", 10.0.0.1, 192.0.2.1:80'
    for (let round = 0; round < 10_000; round++) {
      const letters = seed.split('')
      for (let change = 0; change <= random(12); change++)
        letters[random(letters.length)] = alphabet[random(alphabet.length)]!
      const header = letters.slice(random(8), letters.length - random(8)).join('')
      for (const proxies of [trusted, rfc7239]) {
        const { sourceIp } = seen(proxies, '10.0.0.1', [proxies.header, header])
        expect(sourceIp).toMatch(/^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7})$/)
      }
    }
  })
})
