import { addressText, inBlock, parseAddress, parseBlock, type AddressBlock } from '../kernel/index.ts'

/** Proxies of the operator's, and the one header in which they say for whom they ask. */
export interface TrustedProxies {
  /** Addresses and blocks, as `parseBlock` reads them. */
  readonly blocks: readonly string[]
  /** Only one is believed: a proxy that writes one of them passes the other on as it came. */
  readonly header: 'x-forwarded-for' | 'forwarded'
}

/** Where a connection comes from, and what it carried. */
export interface Connection {
  address: string
  encrypted: boolean
  rawHeaders: readonly string[]
}

export interface Client {
  sourceIp: string
  secureTransport: boolean
}

const maxHops = 32

/**
 * Who is at the other end: the socket's address, unless that is a trusted proxy. Then the chain is read from its end, where
 * the nearest proxy wrote, and the first hop that is no trusted proxy is the client; whatever stands before it may be
 * the client's own invention. An entry that is no address ends the reading: the client is then the last hop known.
 */
export function clientReader(trusted: TrustedProxies | undefined): (connection: Connection) => Client {
  const blocks = (trusted?.blocks ?? []).flatMap((text) => parseBlock(text) ?? [])
  const isTrusted = (address: AddressBlock): boolean => blocks.some((block) => inBlock(address, block))

  return ({ address, encrypted, rawHeaders }) => {
    const peer = parseAddress(address)
    if (!trusted || !peer || !isTrusted(peer)) return { sourceIp: address, secureTransport: encrypted }
    const hops = trusted.header === 'forwarded' ? forwarded(rawHeaders) : xForwarded(rawHeaders)
    let client = peer
    for (const hop of hops.addresses.slice(-maxHops).toReversed()) {
      const next = parseHop(hop)
      if (!next) break
      client = next
      if (!isTrusted(next)) break
    }
    // Without a word about the scheme, what is known is how the proxy reached us.
    const secureTransport = hops.scheme === undefined ? encrypted : hops.scheme === 'https'
    return { sourceIp: addressText(client), secureTransport }
  }
}

interface Hops {
  /** From the client to the nearest proxy. */
  addresses: string[]
  /** The nearest proxy's word. */
  scheme: string | undefined
}

const xForwarded = (rawHeaders: readonly string[]): Hops => ({
  addresses: elements(rawHeaders, 'x-forwarded-for'),
  scheme: elements(rawHeaders, 'x-forwarded-proto').at(-1)?.toLowerCase(),
})

/** RFC 7239 §4: `for=192.0.2.60;proto=http, for="[2001:db8::1]:4711"`. */
function forwarded(rawHeaders: readonly string[]): Hops {
  const pairs = elements(rawHeaders, 'forwarded').map((element) => {
    const found: Record<string, string> = {}
    for (const pair of element.split(';')) {
      const equals = pair.indexOf('=')
      if (equals > 0)
        found[pair.slice(0, equals).trim().toLowerCase()] = pair
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1')
    }
    return found
  })
  return { addresses: pairs.map((pair) => pair['for'] ?? ''), scheme: pairs.at(-1)?.['proto']?.toLowerCase() }
}

/** The members of a list header, over all of its lines. */
function elements(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]!.toLowerCase() === name) values.push(...rawHeaders[at + 1]!.split(','))
  return values.map((value) => value.trim()).filter((value) => value !== '')
}

/** With or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
function parseHop(text: string): AddressBlock | undefined {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)
  if (bracketed) return parseAddress(bracketed[1]!)
  return parseAddress(text.replace(/^([\d.]+):\d{1,5}$/, '$1'))
}
