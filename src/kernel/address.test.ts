import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressText, inBlock, parseAddress, parseBlock } from './address.ts'

const v4 = fc.ipV4()
const v6 = fc.ipV6()

function holds(address: string, block: string): boolean | undefined {
  const given = parseAddress(address)
  const wanted = parseBlock(block)
  return given && wanted && inBlock(given, wanted)
}

describe('addresses', () => {
  test('IPv4 blocks agree with the platform', () => {
    fc.assert(
      fc.property(v4, v4, fc.integer({ min: 0, max: 32 }), (address, network, prefix) => {
        const list = new BlockList()
        list.addSubnet(network, prefix, 'ipv4')
        expect(holds(address, `${network}/${prefix}`)).toBe(list.check(address, 'ipv4'))
      }),
      { numRuns: 2000, seed: 3 },
    )
  })

  test('IPv6 blocks hold for the addresses that share their leading bits', () => {
    fc.assert(
      fc.property(
        v6,
        fc.integer({ min: 1, max: 95 }),
        fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }),
        (network, prefix, noise) => {
          const block = parseBlock(`${network}/${prefix}`)
          if (block?.bits !== 128) return
          const near = { ...block, value: block.value ^ noise, prefix: 128 }
          const far = { ...block, value: block.value ^ (1n << BigInt(128 - prefix)), prefix: 128 }
          expect(inBlock(near, block)).toBe(true)
          expect(inBlock(far, block)).toBe(false)
        },
      ),
      { numRuns: 1000, seed: 4 },
    )
  })

  test('what the platform takes for an address is one here, and the other way round', () => {
    const anything = fc.oneof(
      v4,
      v6,
      fc
        .array(fc.constantFrom('0', '1', 'f', 'g', ':', '::', '.', '1.2.3.4', 'ffff'), { maxLength: 10 })
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(anything, (text) => {
        expect(parseAddress(text) !== undefined).toBe(isIP(text) !== 0)
      }),
      { numRuns: 5000, seed: 5 },
    )
  })

  test('RFC 4291 §2.5.5.2: an IPv4-mapped address is its IPv4 address', () => {
    expect(holds('::ffff:10.1.2.3', '10.0.0.0/8')).toBe(true)
    expect(holds('::ffff:a01:203', '10.1.2.3')).toBe(true)
    expect(holds('10.1.2.3', '::ffff:0:0/95')).toBe(false)
  })

  test('as text, IPv4 is dotted and IPv6 has eight groups', () => {
    const text = (address: string) => addressText(parseAddress(address) ?? expect.fail('no address'))
    expect(text('::ffff:198.51.100.7')).toBe('198.51.100.7')
    expect(text('2001:DB8::1%eth0')).toBe('2001:db8:0:0:0:0:0:1')
  })
})
