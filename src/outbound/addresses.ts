import { networkInterfaces } from 'node:os'
import { inBlock, parseAddress, parseBlock, type AddressBlock } from '../kernel/index.ts'

/** What is not the public internet (IANA special-purpose registries, RFC 6890): this host, its neighbours, metadata services. */
const special = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10', // shared address space; one cloud's metadata service is in it
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local; the metadata services of most clouds
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16', // an IPv4 address in disguise
  '3fff::/20',
].map((text) => parseBlock(text)!)

/** RFC 4291 §2.4: the only part of IPv6 that is given out. Loopback, link-local, unique local, NAT64 and multicast lie outside. */
const globalUnicast = parseBlock('2000::/3')!

/** Why an address must not be connected to; undefined when it may be. */
export function addressBar(text: string, allowed: readonly AddressBlock[]): string | undefined {
  const address = parseAddress(text)
  if (!address) return 'is no address'
  if (allowed.some((block) => inBlock(address, block))) return undefined
  if (address.bits === 128 && !inBlock(address, globalUnicast)) return 'is not an address of the public internet'
  if (special.some((block) => inBlock(address, block))) return 'is not an address of the public internet'
  if (ownAddresses().some((own) => own.bits === address.bits && own.value === address.value))
    return 'is an address of this machine'
  return undefined
}

const ownAddresses = (): AddressBlock[] =>
  Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).flatMap(({ address }) => parseAddress(address) ?? []),
  )
