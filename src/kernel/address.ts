/**
 * Client addresses and blocks. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is its IPv4 address, on both sides: which of
 * the two a socket reports depends on how it was opened, not on who calls.
 */

/** An address as a number of 32 or 128 bits; a block is an address and how many leading bits count. */
export interface AddressBlock {
  readonly bits: 32 | 128
  readonly value: bigint
  readonly prefix: number
}

/** One address, dotted IPv4 or IPv6 (a zone such as `%eth0` is dropped). Undefined when it is none. */
export function parseAddress(text: string): AddressBlock | undefined {
  if (text.length > 64) return undefined
  if (!text.includes(':')) {
    const value = parseV4(text)
    return value === undefined ? undefined : { bits: 32, value, prefix: 32 }
  }
  const zone = text.indexOf('%')
  const value = parseV6(zone < 0 ? text : text.slice(0, zone))
  return value === undefined ? undefined : unmapped(value, 128)
}

/** One address or `address/prefix`; bits after the prefix are ignored. Undefined when it is neither. */
export function parseBlock(text: string): AddressBlock | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return text.includes('%') ? undefined : parseAddress(text)
  const length = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  const address = text.slice(0, slash)
  const prefix = Number(length)
  if (address.includes(':')) {
    const value = address.length > 64 ? undefined : parseV6(address)
    return value === undefined || prefix > 128 ? undefined : unmapped(value, prefix)
  }
  const value = parseV4(address)
  return value === undefined || prefix > 32 ? undefined : { bits: 32, value, prefix }
}

/** Is the address inside the block? The families never match each other. */
export function inBlock(address: AddressBlock, block: AddressBlock): boolean {
  if (address.bits !== block.bits) return false
  const shift = BigInt(block.bits - block.prefix)
  return address.value >> shift === block.value >> shift
}

/** For comparison as text: IPv4 dotted, also when it came mapped; IPv6 as eight groups. */
export function addressText({ bits, value }: AddressBlock): string {
  const width = bits === 32 ? 8n : 16n
  const parts = Array.from({ length: bits === 32 ? 4 : 8 }, (_, index) =>
    ((value >> (BigInt(bits) - width * BigInt(index + 1))) & ((1n << width) - 1n)).toString(bits === 32 ? 10 : 16),
  )
  return parts.join(bits === 32 ? '.' : ':')
}

/** `::ffff:0:0/96` is the IPv4 space; a wider block stays IPv6 and so never covers an IPv4 client. */
function unmapped(value: bigint, prefix: number): AddressBlock {
  if (prefix >= 96 && value >> 32n === 0xffffn) return { bits: 32, value: value & 0xffffffffn, prefix: prefix - 96 }
  return { bits: 128, value, prefix }
}

/** Four decimal parts. Leading zeros are refused: some readers take them for octal. */
function parseV4(text: string): bigint | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let value = 0n
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    value = (value << 8n) | BigInt(part)
  }
  return value
}

/** RFC 4291 §2.2: eight groups, one run of zeros as `::`, the last two groups optionally dotted. */
function parseV6(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groups(half, index === halves.length - 1))
  if (!head || (halves.length === 2 && !tail)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  let value = 0n
  for (const group of [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])]) {
    value = (value << 16n) | BigInt(group)
  }
  return value
}

function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const found: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      found.push(Number.parseInt(part, 16))
    } else {
      const dotted = last && index === parts.length - 1 ? parseV4(part) : undefined
      if (dotted === undefined) return undefined
      found.push(Number(dotted >> 16n), Number(dotted & 0xffffn))
    }
  }
  return found
}
