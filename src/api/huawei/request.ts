/** What authentication and the readers need of one HTTP request, untouched by any framework. */
export interface HuaweiRequest {
  /** As in the request line; any case. */
  method: string
  /** Path and query exactly as in the request line, one character per byte (as Node's `request.url`). */
  target: string
  /** Names and values alternating, one character per byte (as Node's `request.rawHeaders`). */
  rawHeaders: readonly string[]
  /** The body bytes as received, before any decoding; empty when there was none. */
  body: Uint8Array
}

/** Header values by lower-case name, in order of appearance. A repeated header keeps all its values, so that it can be refused. */
export type HeaderTable = ReadonlyMap<string, readonly string[]>

export function headerTable(rawHeaders: readonly string[]): HeaderTable {
  const table = new Map<string, string[]>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    const value = (rawHeaders[index + 1] ?? '').trim()
    const values = table.get(name)
    if (values) values.push(value)
    else table.set(name, [value])
  }
  return table
}
