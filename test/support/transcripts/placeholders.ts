/**
 * What stands in a transcript for values that differ from run to run: `{{name}}` for one that is known from before,
 * `<uuid>`, `<ms now+7d>` … for the rest. The list is in test/transcripts/README.md.
 */

/** What is known at the moment of an exchange. */
export interface Known {
  /** The domain clock, ms since 1970. */
  now: number
  /** Earlier instants of the same transcript, as `now` and what has passed since: `now-8d`. */
  earlier: readonly { text: string; at: number }[]
  variables: ReadonlyMap<string, string | number>
  /** The request as the transcript writes it: what is repeated of it is no value that differs from run to run. */
  asked: string
}

const variable = /\{\{([a-z][a-z0-9_.]*)\}\}/g
const repetition = /\{\{((?:(?!\}\})\S)+?)\*(\d+)\}\}/g

/**
 * `{{name}}` and, for texts of a certain length, `{{x*65}}`. @param write how a value is written where it goes
 * @throws Error for a name that nothing is known under
 */
export function fillIn(
  text: string,
  variables: Known['variables'],
  write: (value: string) => string = (value) => value,
): string {
  return text
    .replace(repetition, (_, what: string, times: string) => what.repeat(Number(times)))
    .replace(variable, (_, name: string) => {
      const value = variables.get(name)
      if (value === undefined) throw new Error(`nothing is known as {{${name}}}`)
      return write(String(value))
    })
}

interface Kind {
  /** Of the text that a placeholder may stand for. */
  pattern: (argument: string) => string
  /** What the text must be besides. */
  holds?: (text: string, argument: string, known: Known) => boolean
}

const sameInstant = (text: number, argument: string, known: Known): boolean =>
  argument === '' || text === instant(argument, known.now)

const httpDate = '[A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT'
const isoDate = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?Z'
const keyId = 'CK[0-9A-Z]{18}'
const sdkDate = '\\d{8}T\\d{6}Z'
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

const kinds: Readonly<Record<string, Kind>> = {
  uuid: { pattern: () => uuid },
  UUID: { pattern: () => uuid.replaceAll('a-f', 'A-F') },
  hex: { pattern: (digits) => `[0-9a-f]{${digits}}` },
  HEX: { pattern: (digits) => `[0-9A-F]{${digits}}` },
  number: { pattern: () => '-?\\d+(?:\\.\\d+)?' },
  digits: { pattern: () => '\\d+' },
  base64: { pattern: () => '[A-Za-z0-9+/]+={0,2}' },
  token: { pattern: () => '[A-Za-z0-9_-]{43}' },
  'key-id': { pattern: () => keyId },
  text: { pattern: () => '[\\s\\S]+?' },
  ms: { pattern: () => '\\d{13,15}', holds: (text, argument, known) => sameInstant(Number(text), argument, known) },
  date: { pattern: () => isoDate, holds: (text, argument, known) => sameInstant(Date.parse(text), argument, known) },
  'sdk-date': { pattern: () => sdkDate },
  'http-date': {
    pattern: () => httpDate,
    holds: (text, argument, known) => sameInstant(Date.parse(text), argument, known),
  },
  day: {
    pattern: () => '\\d{4}-\\d\\d-\\d\\d',
    holds: (text, argument, known) =>
      argument === '' || new Date(instant(argument, known.now)).toISOString().startsWith(text),
  },
  pem: {
    pattern(argument) {
      const [, label, times = '1', crlf] = /^([A-Z0-9 ]+?)(?: x(\d+))?( crlf)?$/.exec(argument) ?? []
      if (label === undefined) throw new Error(`<pem:${argument}> is not understood`)
      const end = crlf ? '\\r\\n' : '\\n'
      return `(?:-----BEGIN ${label}-----${end}(?:[A-Za-z0-9+/=]{1,64}${end})+-----END ${label}-----(?:${end})?){${times}}`
    },
  },
}

const placeholder =
  /<(uuid|UUID|hex|HEX|number|digits|base64|token|key-id|text|ms|date|sdk-date|http-date|day|pem)(?:[: ]([^<>]*)|(\d+))?>/g

/** Whether a text is what is written of it: word for word, but for placeholders. */
export function matches(written: string, text: string, known: Known): boolean {
  const expected: { kind: Kind; argument: string }[] = []
  let pattern = ''
  let end = 0
  for (const found of written.matchAll(placeholder)) {
    const kind = kinds[found[1]!]!
    const argument = found[2] ?? found[3] ?? ''
    pattern += `${literally(written.slice(end, found.index), known)}(${kind.pattern(argument)})`
    expected.push({ kind, argument })
    end = found.index + found[0].length
  }
  pattern += literally(written.slice(end), known)
  const found = new RegExp(`^${pattern}$`, 'u').exec(text)
  if (!found) return false
  return expected.every(({ kind, argument }, index) => kind.holds?.(found[index + 1]!, argument, known) ?? true)
}

const literally = (text: string, { variables }: Known): string => escaped(fillIn(text, variables))
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** Whether a whole text is a placeholder for a JSON number. */
export const isForNumber = (written: string): boolean => /^<(?:number|ms(?: [^<>]*)?)>$/.test(written)

/** The name, when a whole text is one `{{name}}`. */
export const variableName = (written: string): string | undefined => /^\{\{([a-z][a-z0-9_.]*)\}\}$/.exec(written)?.[1]

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const
const term = /([+-])(\d+)([ydhms])/g

/** `now`, `now+7d`, `now-8d+10y`: from left to right, with calendar years. @throws Error */
export function instant(text: string, now: number): number {
  if (!/^now(?:[+-]\d+[ydhms])*$/.test(text)) throw new Error(`${text} is no instant: now+7d, now-8d+10y …`)
  let at = now
  for (const [, sign, amount, unit] of text.matchAll(term)) {
    const signed = Number(`${sign}${amount}`)
    at = unit === 'y' ? yearsAfter(at, signed) : at + signed * unitMs[unit as keyof typeof unitMs]
  }
  return at
}

function yearsAfter(at: number, years: number): number {
  const date = new Date(at)
  return date.setUTCFullYear(date.getUTCFullYear() + years)
}

/** An instant by the one that it lies a round time after or before, or undefined. */
export function instantText(at: number, { now, earlier }: Known): string | undefined {
  const bases = [{ text: 'now', at: now }, ...earlier]
  const same = bases.find((base) => base.at === at)
  if (same) return same.text
  for (const base of bases)
    for (let years = 1; years <= 30; years++) if (yearsAfter(base.at, years) === at) return `${base.text}+${years}y`
  for (const [unit, ms, most] of [
    ['d', unitMs.d, 20_000],
    ['h', unitMs.h, 1_000],
    ['s', unitMs.s, 86_400],
  ] as const)
    for (const base of bases) {
      const amount = (at - base.at) / ms
      if (Number.isInteger(amount) && Math.abs(amount) <= most)
        return `${base.text}${amount < 0 ? '' : '+'}${amount}${unit}`
    }
  return undefined
}

const shortestVariable = 6
const recognized = [
  /-----BEGIN (?<label>[A-Z0-9 ]+)-----\r?\n[A-Za-z0-9+/=\r\n]+-----END \k<label>-----(?:\r?\n)?(?:-----BEGIN \k<label>-----\r?\n[A-Za-z0-9+/=\r\n]+-----END \k<label>-----(?:\r?\n)?)*/
    .source,
  `(?<uuid>${uuid})`,
  `(?<UUID>${uuid.replaceAll('a-f', 'A-F')})`,
  `(?<date>${isoDate})`,
  '(?<encodedDate>\\d{4}-\\d\\d-\\d\\dT\\d\\d%253A\\d\\d%253A\\d\\dZ)',
  `(?<sdkDate>${sdkDate})`,
  `(?<keyId>${keyId})`,
  `(?<httpDate>${httpDate})`,
  '(?<![0-9A-Za-z])(?<digits>\\d{14,})(?![0-9A-Za-z])',
  '(?<=^|\\\\n|%3D|[^0-9A-Za-z])(?<hex>[0-9a-f]{32,})(?![0-9A-Za-z])',
  '(?<![0-9A-Za-z])(?<HEX>[0-9A-F]{32,})(?![0-9A-Za-z])',
  '(?<![\\w+/])(?<base64>(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[a-z])[A-Za-z0-9+/]{44,}={0,2})(?![\\w+/=])',
  '(?<![\\w-])(?<token>(?=[\\w-]*[A-Z])(?=[\\w-]*[a-z])[\\w-]{43})(?![\\w-])',
  '(?<![0-9A-Za-z])(?<ms>[1-6]\\d{12})(?![0-9A-Za-z])',
  '(?<![\\w-])(?<day>\\d{4}-\\d\\d-\\d\\d)(?![\\w-])',
].join('|')

/** What a person would write of a text: with names for what is known, and placeholders for what will differ. */
export function generalized(text: string, known: Known): string {
  const names = new Map<string, string>()
  for (const [name, value] of known.variables)
    if (String(value).length >= shortestVariable && !names.has(String(value))) names.set(String(value), name)
  const values = [...names.keys()].toSorted((a, b) => b.length - a.length).map(escaped)
  const pattern = [...(values.length > 0 ? [`(?<known>${values.join('|')})`] : []), recognized].join('|')
  return text.replace(new RegExp(pattern, 'gu'), (whole: string, ...rest: unknown[]) => {
    const groups = rest.at(-1) as Record<string, string | undefined>
    if (groups['known'] !== undefined) return `{{${names.get(whole)}}}`
    if (known.asked.includes(whole)) return whole
    if (groups['label'] !== undefined) return pemPlaceholder(whole, groups['label'])
    if (groups['uuid'] !== undefined) return '<uuid>'
    if (groups['UUID'] !== undefined) return '<UUID>'
    if (groups['hex'] !== undefined) return `<hex${whole.length}>`
    if (groups['HEX'] !== undefined) return `<HEX${whole.length}>`
    if (groups['digits'] !== undefined) return '<digits>'
    if (groups['date'] !== undefined) return timePlaceholder('date', Date.parse(whole), known)
    if (groups['encodedDate'] !== undefined) return '<text>'
    if (groups['base64'] !== undefined) return '<base64>'
    if (groups['day'] !== undefined) return '<day>'
    if (groups['keyId'] !== undefined) return '<key-id>'
    if (groups['token'] !== undefined) return '<token>'
    if (groups['sdkDate'] !== undefined) return '<sdk-date>'
    if (groups['httpDate'] !== undefined) return timePlaceholder('http-date', Date.parse(whole), known)
    return timePlaceholder('ms', Number(whole), known)
  })
}

export function timePlaceholder(kind: string, at: number, known: Known): string {
  const text = instantText(at, known)
  return text === undefined ? `<${kind}>` : `<${kind} ${text}>`
}

function pemPlaceholder(text: string, label: string): string {
  const times = text.split(`-----BEGIN ${label}-----`).length - 1
  return `<pem:${label}${times > 1 ? ` x${times}` : ''}${text.includes('\r\n') ? ' crlf' : ''}>`
}
