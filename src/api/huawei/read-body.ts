import { HuaweiWireError, pcaErrors, type WireCode } from './errors.ts'
import { noteSource } from './reading.ts'
import { parseTarget } from './target.ts'

export interface BodyRules {
  /** Bytes; default 64 KiB. */
  maxBytes?: number
  /** Values in objects and lists, all levels together; default 10,000. */
  maxValues?: number
  /** What no body at all means: `{}`, or a refusal (default). */
  absent?: 'empty' | 'refused'
  /** Code of a refusal; default PCA.00020001. */
  malformed?: WireCode
}

const defaultMaxBytes = 65_536
const maxDepth = 16
const defaultMaxValues = 10_000

/**
 * Reads a JSON object from body bytes, whatever `Content-Type` says (huawei-wire.md §1). Unknown fields stay in; a name given twice is
 * refused, because two readers of such a body would see two requests. `__proto__` is a name like any other: an own property of the
 * result, never its prototype.
 * @throws HuaweiWireError 413 above the size limit, else 400
 */
export function readJsonBody(bytes: Uint8Array, rules: BodyRules = {}): Record<string, unknown> {
  const malformed = rules.malformed ?? pcaErrors.parameterInvalid
  const maxBytes = rules.maxBytes ?? defaultMaxBytes
  if (bytes.length > maxBytes) {
    throw new HuaweiWireError({ status: 413, code: malformed.code }, `the body is longer than ${maxBytes} bytes`)
  }
  const text = decodeUtf8(bytes, 'the body', malformed)
  if (text.trim() === '') {
    if (rules.absent === 'empty') return {}
    throw new HuaweiWireError(malformed, 'the request needs a JSON body')
  }
  checkStructure(text, malformed, rules.maxValues ?? defaultMaxValues)
  const value = parseJson(text, malformed)
  if (!isJsonObject(value)) throw new HuaweiWireError(malformed, 'the body is not a JSON object')
  noteSource(value, 'body')
  return value
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads the query of a request target; `+` is a literal plus, a name without `=` is there with an empty value.
 * @throws HuaweiWireError 400 when a parameter is repeated or the query is not percent-encoded UTF-8
 */
export function readQuery(
  target: string,
  malformed: WireCode = pcaErrors.parameterInvalid,
): Readonly<Record<string, string>> {
  const parameters = Object.create(null) as Record<string, string>
  for (const pair of parseTarget(target, malformed).query) {
    const name = decodeUtf8(pair.name, 'the query', malformed)
    if (Object.hasOwn(parameters, name)) throw new HuaweiWireError(malformed, 'a query parameter is given twice')
    parameters[name] = decodeUtf8(pair.value, 'the query', malformed)
  }
  noteSource(parameters, 'query')
  return parameters
}

function decodeUtf8(bytes: Uint8Array, what: string, malformed: WireCode): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new HuaweiWireError(malformed, `${what} is not valid UTF-8`)
  }
}

function parseJson(text: string, malformed: WireCode): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words quote the text, which may hold a password or a key.
    throw new HuaweiWireError(malformed, 'the body is not valid JSON')
  }
}

/**
 * One pass before the parser builds anything: depth, number of values, and names given twice in one object. Text that is no JSON may pass
 * or fail here; the parser decides about it afterwards.
 */
function checkStructure(text: string, malformed: WireCode, maxValues: number): void {
  /** Names seen in each open object; `undefined` for an array. */
  const open: ({ names: Set<string>; atName: boolean } | undefined)[] = []
  let values = 0
  for (let index = 0; index < text.length; index += 1) {
    const level = open.at(-1)
    switch (text[index]) {
      case '{':
      case '[':
        if (open.length === maxDepth) throw new HuaweiWireError(malformed, 'the body is nested too deeply')
        open.push(text[index] === '{' ? { names: new Set(), atName: true } : undefined)
        values += 1
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (level) level.atName = true
        values += 1
        break
      case ':':
        if (level) level.atName = false
        break
      case '"': {
        const end = endOfString(text, index)
        if (level?.atName) {
          const name = unescapeName(text.slice(index, end + 1), malformed)
          if (level.names.has(name)) throw new HuaweiWireError(malformed, 'the body gives a field twice')
          level.names.add(name)
        }
        index = end
      }
    }
    if (values > maxValues) throw new HuaweiWireError(malformed, 'the body has too many values')
  }
}

/** Index of the closing quote, or of the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  let end = start + 1
  while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
  return end
}

/** `"a"` and `"\u0061"` are the same name. */
function unescapeName(quoted: string, malformed: WireCode): string {
  return quoted.includes('\\') ? String(parseJson(quoted, malformed)) : quoted.slice(1, -1)
}
