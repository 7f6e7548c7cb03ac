/** Octets (4 or 16) of an address in text; undefined when it is none. No zone, no leading zeros in IPv4. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

/** Dotted IPv4, or IPv6 in the form of RFC 5952. Undefined for any other number of octets. */
export function formatIp(octets: Uint8Array): string | undefined {
  if (octets.length === 4) return octets.join('.')
  return octets.length === 16 ? formatIpv6(octets) : undefined
}

/**
 * `address/prefix` as address and mask, one behind the other (RFC 5280 §4.2.1.10); undefined when it is none or has
 * host bits.
 */
export function parseCidr(text: string): Uint8Array | undefined {
  const slash = text.indexOf('/')
  const address = slash < 0 ? undefined : parseIp(text.slice(0, slash))
  const prefixText = text.slice(slash + 1)
  if (!address || !/^(0|[1-9][0-9]{0,2})$/.test(prefixText) || Number(prefixText) > address.length * 8) return undefined
  const range = new Uint8Array(address.length * 2)
  range.set(address)
  for (let bit = 0; bit < Number(prefixText); bit++) range[address.length + (bit >> 3)]! |= 0x80 >> (bit & 7)
  return address.every((octet, i) => (octet & ~range[address.length + i]!) === 0) ? range : undefined
}

/** The inverse of `parseCidr`; undefined for wrong sizes, a mask with holes, or host bits. */
export function formatCidr(range: Uint8Array): string | undefined {
  const half = range.length / 2
  const address = range.subarray(0, half)
  const text = half === 4 || half === 16 ? formatIp(address) : undefined
  if (text === undefined) return undefined
  let prefix = 0
  while (prefix < half * 8 && (range[half + (prefix >> 3)]! & (0x80 >> (prefix & 7))) !== 0) prefix++
  const cidr = `${text}/${prefix}`
  return parseCidr(cidr)?.every((octet, i) => octet === range[i]) ? cidr : undefined
}

/** True if the address lies in the range (address and mask). Different families never match. */
export function ipInRange(address: Uint8Array, range: Uint8Array): boolean {
  return (
    range.length === address.length * 2 &&
    address.every((octet, i) => ((octet ^ range[i]!) & range[address.length + i]!) === 0)
  )
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.length > 15 ? [] : text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return Uint8Array.from(parts, Number)
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  // Dotted IPv4 stands at the end of the whole, so in a first half only when there is no second.
  const groups = halves.map((half, i) => ipv6Groups(half, i === halves.length - 1))
  const [head, tail] = groups
  if (!head || (halves.length === 2 && !tail)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail ? missing < 1 : missing !== 0) return undefined
  const out = new Uint8Array(16)
  for (const [i, group] of [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])].entries()) {
    out[i * 2] = group >> 8
    out[i * 2 + 1] = group & 0xff
  }
  return out
}

function ipv6Groups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16))
      continue
    }
    const v4 = endsAddress && i === parts.length - 1 ? parseIpv4(part) : undefined
    if (!v4) return undefined
    groups.push(v4[0]! * 256 + v4[1]!, v4[2]! * 256 + v4[3]!)
  }
  return groups
}

/** RFC 5952 §4: lowercase, no leading zeros, the first longest run of two or more zero groups shortened. */
function formatIpv6(octets: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => octets[i * 2]! * 256 + octets[i * 2 + 1]!)
  let best = 0
  let bestLength = 1
  for (let i = 0; i < 8; i++) {
    let length = 0
    while (i + length < 8 && groups[i + length] === 0) length++
    if (length > bestLength) [best, bestLength] = [i, length]
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  return bestLength < 2 ? text(groups) : `${text(groups.slice(0, best))}::${text(groups.slice(best + bestLength))}`
}
