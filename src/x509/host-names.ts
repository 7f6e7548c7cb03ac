import { domainToASCII, domainToUnicode } from 'node:url'

/**
 * What is wrong with a dNSName (RFC 5280 §4.2.1.6, RFC 1034 §3.5 as changed by RFC 1123 §2.1), undefined if nothing:
 * LDH labels of 1 to 63, at most 253 in all, no final dot; `*` only as the whole leftmost label with another behind it
 * (RFC 9525 §6.3); `xn--` labels that are A-labels (RFC 5890 §2.3.2.1), no other `--` in third place; not the look of
 * an IPv4 address.
 */
export function dnsNameProblem(
  name: string,
  { wildcard }: { wildcard: boolean } = { wildcard: true },
): string | undefined {
  if (name.length === 0 || name.length > 253) return 'must have 1 to 253 characters'
  let start = 0
  if (name.startsWith('*.')) {
    if (!wildcard) return 'must not be a wildcard'
    start = 2
  }
  let labelIsNumeric = true
  for (let i = start, labelStart = start; i <= name.length; i++) {
    const unit = i < name.length ? name.charCodeAt(i) : dot
    if (unit === dot) {
      const problem = labelProblem(name, labelStart, i)
      if (problem) return problem
      labelStart = i + 1
      if (i < name.length) labelIsNumeric = true
    } else if (isLetter(unit) || unit === hyphen) labelIsNumeric = false
    else if (unit < 0x30 || unit > 0x39) return 'may hold letters, digits, hyphens and dots only'
  }
  return labelIsNumeric ? 'must not end in a number (an IP address is an entry of its own)' : undefined
}

const dot = 0x2e
const hyphen = 0x2d

function labelProblem(name: string, start: number, end: number): string | undefined {
  if (end === start || end - start > 63) return 'must have labels of 1 to 63 characters'
  if (name.charCodeAt(start) === hyphen || name.charCodeAt(end - 1) === hyphen)
    return 'must not have a hyphen at the edge of a label'
  if (name.charCodeAt(start + 2) !== hyphen || name.charCodeAt(start + 3) !== hyphen || end - start < 4)
    return undefined
  const label = name.slice(start, end).toLowerCase()
  const isALabel =
    label.startsWith('xn--') && domainToASCII(domainToUnicode(label)) === label && domainToUnicode(label) !== label
  return isALabel ? undefined : 'must have "--" in third place only in an A-label (RFC 5890)'
}

function isLetter(unit: number): boolean {
  const lower = unit | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

/**
 * What is wrong with an rfc822Name (RFC 5280 §4.2.1.6: a Mailbox, here with a dot-string before the @ and a host
 * behind it).
 */
export function emailProblem(address: string): string | undefined {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(at, 0))
  if (address.length > 254 || local.length > 64) return 'is longer than a mailbox may be'
  if (!/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(local)) return 'is not a mailbox'
  const problem = dnsNameProblem(address.slice(at + 1), { wildcard: false })
  return problem && `has a host that ${problem}`
}

/**
 * What is wrong with a uniformResourceIdentifier (RFC 5280 §4.2.1.6, RFC 3986): absolute, ASCII, no user information,
 * and if there is an authority, a host in it.
 */
export function uriProblem(uri: string): string | undefined {
  if (uri.length > 2048) return 'is longer than 2048 characters'
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/.test(uri)) return 'is not an absolute URI'
  if (uri.includes('%') && /%(?![0-9A-Fa-f]{2})/.test(uri)) return 'has a percent sign that encodes nothing'
  if (!uri.startsWith('://', uri.indexOf(':'))) return undefined
  return uriHost(uri) === undefined ? 'has an authority without a host' : undefined
}

/**
 * Host of a URI's authority, without port, in lowercase; undefined without an authority, with user information, or
 * with no valid host.
 */
export function uriHost(uri: string): string | undefined {
  const authority = /^[^:/?#]+:\/\/([^/?#]*)/.exec(uri)?.[1]
  const parts = authority === undefined ? undefined : /^(\[[0-9A-Fa-f:.]+\]|[^:@[\]]+)(:[0-9]{0,5})?$/.exec(authority)
  return parts?.[1]?.toLowerCase()
}
