import { unzipSync } from 'fflate'
import { file, openssl } from '../openssl.ts'
import type { ExpectedAnswer, Header } from './format.ts'
import { generalized, isForNumber, matches, timePlaceholder, variableName, type Known } from './placeholders.ts'

export interface ReceivedAnswer {
  status: number
  headers: Header[]
  body: Buffer
}

/** They say how the answer travelled, not what it is. */
const ofTransport = new Set(['date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'])

/**
 * An answer as its transcript writes it: in the expected words wherever they hold, and in new ones where they do not.
 * So both are equal exactly when the answer is the expected one, and their difference is what a person wants to see.
 */
export function told(
  received: ReceivedAnswer,
  expected: ExpectedAnswer | undefined,
  known: Known,
): { told: ExpectedAnswer; expected: ExpectedAnswer | undefined } {
  const json = isJson(received)
  const was = expected && { ...expected, body: json ? normalJson(expected.body) : expected.body }
  return {
    told: {
      status: received.status,
      headers: toldHeaders(received.headers, expected?.headers ?? [], known),
      body: json ? toldJsonText(received.body, was?.body, known) : toldBytes(received, was?.body ?? '', known),
    },
    expected: was && { ...was, headers: was.headers.map(({ name, value }) => ({ name: name.toLowerCase(), value })) },
  }
}

export const headerOf = ({ headers }: ReceivedAnswer, name: string): string | undefined =>
  headers.find((header) => header.name.toLowerCase() === name)?.value

const isJson = (received: ReceivedAnswer): boolean =>
  received.body.length > 0 && (headerOf(received, 'content-type')?.includes('json') ?? false)

function toldHeaders(received: readonly Header[], expected: readonly Header[], known: Known): Header[] {
  const left = received
    .filter(({ name }) => !ofTransport.has(name.toLowerCase()))
    .map(({ name, value }) => ({ name: name.toLowerCase(), value }))
  const inOrder: Header[] = []
  for (const { name, value } of expected) {
    const at = left.findIndex((header) => header.name === name.toLowerCase())
    if (at < 0) continue
    const [header] = left.splice(at, 1)
    inOrder.push({ name: header!.name, value: toldText(header!.value, value, known) })
  }
  return [...inOrder, ...left.map(({ name, value }) => ({ name, value: generalized(value, known) }))]
}

const toldText = (text: string, expected: string | undefined, known: Known): string =>
  expected !== undefined && matches(expected, text, known) ? expected : generalized(text, known)

const widest = 118
const jsonText = (value: unknown): string => {
  const short = JSON.stringify(value)
  return short.length <= widest ? short : JSON.stringify(value, null, 2)
}

/** A body that is no JSON is left as it is: then it differs. */
function normalJson(body: string): string {
  try {
    return jsonText(JSON.parse(body))
  } catch {
    return body
  }
}

function toldJsonText(bytes: Buffer, expected: string | undefined, known: Known): string {
  const value: unknown = JSON.parse(bytes.toString('utf8'))
  let was: unknown
  try {
    was = JSON.parse(expected ?? '')
  } catch {
    was = undefined
  }
  return jsonText(toldJson(value, was, known))
}

function toldJson(value: unknown, expected: unknown, known: Known): unknown {
  if (Array.isArray(value))
    return value.map((each, index) => toldJson(each, Array.isArray(expected) ? expected[index] : undefined, known))
  if (isObject(value)) {
    const was = isObject(expected) ? expected : {}
    const names = [...Object.keys(was), ...Object.keys(value)].filter((name) => Object.hasOwn(value, name))
    return Object.fromEntries(
      [...new Set(names)].map((name) => [name, toldMember(name, value[name], was[name], known)]),
    )
  }
  if (typeof value === 'string') return toldString(value, expected, known)
  if (typeof value === 'number') return toldNumber(value, expected, known)
  return value
}

/** Text and number are told apart: `"7"` is not written like `7`. */
function toldString(value: string, expected: unknown, known: Known): string {
  const isNumbers = (written: string): boolean => isForNumber(written) || namesNumber(written, known)
  if (typeof expected === 'string' && !isNumbers(expected) && matches(expected, value, known)) return expected
  const written = generalized(value, known)
  return isNumbers(written) ? '<digits>' : written
}

/** What nobody must read is never written down, whatever else is expected. */
const secrets = new Set(['password', 'accessKeySecret'])

const toldMember = (name: string, value: unknown, expected: unknown, known: Known): unknown =>
  secrets.has(name) && typeof value === 'string' && value !== '' ? '<text>' : toldJson(value, expected, known)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function namesNumber(written: string, { variables }: Known): boolean {
  const name = variableName(written)
  return name !== undefined && typeof variables.get(name) === 'number'
}

function toldNumber(value: number, expected: unknown, known: Known): unknown {
  if (typeof expected === 'string') {
    if (isForNumber(expected) && matches(expected, String(value), known)) return expected
    const name = variableName(expected)
    if (name !== undefined && known.variables.get(name) === value) return expected
  }
  if (expected === value) return value
  for (const [name, each] of known.variables) if (each === value && value > 999_999) return `{{${name}}}`
  if (value < 1e12) return value
  return value < 1e13 ? timePlaceholder('ms', value, known) : '<number>'
}

/** Text as it is; of other bytes what they are. */
function toldBytes(received: ReceivedAnswer, expected: string, known: Known): string {
  const { body } = received
  const type = headerOf(received, 'content-type') ?? ''
  if (body.length === 0) return ''
  if (type === 'application/zip') return `<zip: ${Object.keys(unzipSync(body)).join(', ')}>`
  if (type === 'application/pkix-crl') return crlText(body)
  if (type === 'application/pkix-cert') return certificateText(body)
  return toldText(body.toString('utf8').trim(), expected, known)
}

/** What a verifier reads in it; openssl refuses what is no DER. */
function crlText(der: Buffer): string {
  const text = openssl('crl', '-inform', 'DER', '-noout', '-text', '-in', file('crl', der))
  const [, issuer] = /Issuer: (.*)/.exec(text) ?? []
  return `<CRL of ${issuer}, ${text.split('Serial Number:').length - 1} revoked>`
}

function certificateText(der: Buffer): string {
  const text = openssl('x509', '-inform', 'DER', '-noout', '-subject', '-issuer', '-in', file('certificate', der))
  return `<certificate ${text.trim().split('\n').join(', ')}>`
}

/** What a capture takes out of an answer. @throws Error when it is not there */
export function captured(received: ReceivedAnswer, from: string): string | number {
  const [place, ...path] = from.split('.')
  let value: unknown =
    place === 'header' ? headerOf(received, path.join('.').toLowerCase()) : JSON.parse(received.body.toString('utf8'))
  if (place === 'body')
    for (const name of path.flatMap((each) => each.split(/[[\]]+/).filter(Boolean)))
      value = (value as Record<string, unknown> | undefined)?.[name]
  if (typeof value === 'string' || typeof value === 'number') return value
  throw new Error(`there is no ${from} in the answer`)
}
