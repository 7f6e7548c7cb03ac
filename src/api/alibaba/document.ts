/** The two text forms of an answer of the Alibaba door: JSON and XML (contract alibaba-wire §5). */

export type Format = 'JSON' | 'XML'

type WireScalar = string | number | bigint | boolean

type WireMember = WireScalar | WireObject | readonly (WireScalar | WireObject)[]

/** A member that is `undefined` is left out. There is no null: clients refuse it where they expect a list (§5). */
export interface WireObject {
  readonly [member: string]: WireMember | undefined
}

/** An answer ready to be written to the socket. Header names are lower-case. */
export interface WireAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** Clients parse an XML error only when the content type is exactly this text (§5.1). */
export const contentTypes: Record<Format, string> = {
  JSON: 'application/json;charset=utf-8',
  XML: 'text/xml;charset=utf-8',
}

/** `root` is used by XML only; a JSON document is the flat object itself. */
export function writeDocument(format: Format, root: string, document: WireObject): string {
  return format === 'XML' ? writeXml(root, document) : writeJson(document)
}

/** Like JSON.stringify, but a bigint becomes a JSON number (int64 ids). Throws TypeError for NaN and infinities. */
export function writeJson(value: WireMember): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (isList(value)) return `[${value.map(writeJson).join(',')}]`
  if (typeof value !== 'object') return scalarText(value)
  const parts: string[] = []
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) parts.push(`${JSON.stringify(name)}:${writeJson(member)}`)
  }
  return `{${parts.join(',')}}`
}

/**
 * One element per member under `root`; a list is the member's element repeated, without a wrapper (§5).
 * Characters that XML 1.0 cannot carry become U+FFFD. Throws TypeError for a member name that is no XML name.
 */
export function writeXml(root: string, document: WireObject): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${element(root, document)}`
}

function element(name: string, value: WireScalar | WireObject): string {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) throw new TypeError('a member name is not an XML name')
  return `<${name}>${typeof value === 'object' ? members(value) : escapeXml(scalarText(value))}</${name}>`
}

function members(object: WireObject): string {
  let text = ''
  for (const [name, member] of Object.entries(object)) {
    if (member === undefined) continue
    if (isList(member)) for (const item of member) text += element(name, item)
    else text += element(name, member)
  }
  return text
}

function scalarText(value: WireScalar): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('a number must be finite')
  return String(value)
}

// Array.isArray does not narrow readonly arrays out of a union.
function isList(value: WireMember): value is readonly (WireScalar | WireObject)[] {
  return Array.isArray(value)
}

const xmlEscapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // A parser turns a bare CR into LF (XML 1.0 §2.11), which would change certificates and keys.
  '\r': '&#13;',
}

/** XML 1.0 §2.2: Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF] */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"'\r]/g, (character) => xmlEscapes[character] ?? character)
}
