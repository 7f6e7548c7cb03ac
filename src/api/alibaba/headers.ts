/** The headers of a request by lower-case name, repeated ones kept apart (contract alibaba-wire §3). */
import { commonError } from './errors.ts'
import { limits } from './limits.ts'

export type Headers = ReadonlyMap<string, readonly string[]>

/**
 * @param rawHeaders flat list name, value, name, value … as Node's `rawHeaders`
 * @throws AlibabaWireError InvalidParameter
 */
export function readHeaders(rawHeaders: readonly string[]): Headers {
  if (rawHeaders.length % 2 !== 0 || rawHeaders.length > limits.headers * 2) {
    throw commonError('InvalidParameter', 'The headers are too many or malformed.')
  }
  const headers = new Map<string, string[]>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = trimBlanks(rawHeaders[i + 1] ?? '')
    const earlier = headers.get(name)
    if (earlier) earlier.push(value)
    else headers.set(name, [value])
  }
  return headers
}

/**
 * The value of a header that means something to us, so it may stand there once only: of two, we and a proxy before us
 * could read different ones.
 * @throws AlibabaWireError InvalidParameter
 */
export function singleHeader(headers: Headers, name: string): string | undefined {
  const values = headers.get(name)
  if (values && values.length > 1) throw commonError('InvalidParameter', `The header ${name} occurs more than once.`)
  return values?.[0]
}

/** The host that was asked, for error documents: the first Host header, or empty. Never throws. */
export function hostOf(rawHeaders: readonly string[]): string {
  const at = rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  return at < 0 ? '' : (rawHeaders[at + 1] ?? '').slice(0, limits.commonValueChars)
}

// RFC 9110 §5.5: optional whitespace around a value is spaces and tabs; String.trim would take more. No regular
// expression: `[ \t]+$` takes quadratic time over long runs of blanks.
function trimBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isBlank(value[start])) start++
  while (end > start && isBlank(value[end - 1])) end--
  return value.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
