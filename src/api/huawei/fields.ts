import { HuaweiWireError, pcaErrors, type WireCode } from './errors.ts'
import { isJsonObject } from './read-body.ts'
import { noteNames } from './reading.ts'

/**
 * Turns one wire value into one of ours, or refuses it by throwing a HuaweiWireError that names the field. `name` is the dotted path as
 * declared here; received names and values never appear in a message.
 */
export type Reader<T> = (value: unknown, name: string) => T

interface RequiredField<T> {
  presence: 'required'
  read(source: Record<string, unknown>, prefix: string): T
}
interface OptionalField<T> {
  presence: 'optional'
  read(source: Record<string, unknown>, prefix: string): T | undefined
}
type Fields = Record<string, RequiredField<unknown> | OptionalField<unknown>>

/** What `record(fields)` yields: optional fields are left out when absent, never present as undefined. */
export type RecordOf<F extends Fields> = {
  [K in keyof F as F[K]['presence'] extends 'required' ? K : never]: F[K] extends RequiredField<infer T> ? T : never
} & {
  [K in keyof F as F[K]['presence'] extends 'optional' ? K : never]?: F[K] extends OptionalField<infer T>
    ? Exclude<T, undefined>
    : never
}

export function fail(code: WireCode, name: string, problem: string): never {
  throw new HuaweiWireError(code, `${name} ${problem}`)
}

/** Own properties only, so that `constructor` or `__proto__` never read from a prototype. */
function ownValue(source: Record<string, unknown>, wireName: string, prefix: string): unknown {
  noteNames(source, [wireName], prefix)
  return Object.hasOwn(source, wireName) ? source[wireName] : undefined
}

/** Clients write "not given" in three ways: leaving out, null (Terraform on revocation), and an empty string (Terraform, Go). */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

/** A field that must be there; null counts as missing. `missing` is the code of its absence. */
export function required<T>(
  wireName: string,
  reader: Reader<T>,
  missing: WireCode = pcaErrors.parameterInvalid,
): RequiredField<T> {
  return {
    presence: 'required',
    read(source, prefix) {
      const value = ownValue(source, wireName, prefix)
      if (value === undefined || value === null) return fail(missing, prefix + wireName, 'is missing')
      return reader(value, prefix + wireName)
    },
  }
}

/** A field that may be absent, null or an empty string; these three mean the same, and so does a reader that yields undefined. */
export function optional<T>(wireName: string, reader: Reader<T>): OptionalField<T> {
  return {
    presence: 'optional',
    read(source, prefix) {
      const value = ownValue(source, wireName, prefix)
      return isAbsent(value) ? undefined : reader(value, prefix + wireName)
    },
  }
}

/** As `optional`, with a value for absence. */
export function withDefault<T>(wireName: string, reader: Reader<T>, fallback: T): RequiredField<T> {
  const field = optional(wireName, reader)
  return {
    presence: 'required',
    read: (source, prefix) => field.read(source, prefix) ?? fallback,
  }
}

/** A nested object, its keys ours and its wire names inside the fields. Unknown wire fields are ignored (huawei-wire.md §6). */
export function record<F extends Fields>(fields: F, code: WireCode = pcaErrors.parameterInvalid): Reader<RecordOf<F>> {
  return (value, name) => {
    if (!isJsonObject(value)) return fail(code, name, 'is not an object')
    return readFields(fields, value, `${name}.`)
  }
}

/** The fields of a whole body or query. */
export function readFields<F extends Fields>(fields: F, source: Record<string, unknown>, prefix = ''): RecordOf<F> {
  const result: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(fields)) {
    const value = field.read(source, prefix)
    if (value !== undefined) result[key] = value
  }
  return result as RecordOf<F>
}

export interface TextRules {
  /** Characters (code points); default 1. */
  min?: number
  /** Characters (code points). */
  max: number
  pattern?: RegExp
  code?: WireCode
}

const amount = (min: number, max: number): string => (min === max ? String(min) : `${min} to ${max}`)

/** A string of Unicode characters; unpaired surrogates are refused, because no encoding of ours can hold them. */
export function text({ min = 1, max, pattern, code = pcaErrors.parameterInvalid }: TextRules): Reader<string> {
  return (value, name) => {
    if (typeof value !== 'string' || !value.isWellFormed()) return fail(code, name, 'is not a string')
    // A code point takes at most two units: very long strings are refused without being walked.
    const length = value.length > 2 * max ? value.length : Array.from(value).length
    if (length < min || length > max) return fail(code, name, `does not have ${amount(min, max)} characters`)
    if (pattern && !pattern.test(value)) return fail(code, name, 'has characters or a form that is not allowed')
    return value
  }
}

/** A word of the wire, turned into ours. */
export function oneOf<T>(words: Readonly<Record<string, T>>, code: WireCode = pcaErrors.parameterInvalid): Reader<T> {
  return (value, name) => {
    if (typeof value === 'string' && Object.hasOwn(words, value)) return words[value] as T
    return fail(code, name, `is not one of ${Object.keys(words).join(', ')}`)
  }
}

export interface IntegerRules {
  min: number
  max: number
  code?: WireCode
  /** Also take a decimal string: all of a query, and the fields that Terraform sends so. */
  numericText?: boolean
}

export function integer({ min, max, code = pcaErrors.parameterInvalid, numericText }: IntegerRules): Reader<number> {
  return (value, name) => {
    const number = numericText && typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isSafeInteger(number)) return fail(code, name, 'is not an integer')
    if (number < min || number > max) return fail(code, name, `is not between ${min} and ${max}`)
    return number
  }
}

/** Whatever it is, unread: for a field that is known and has no effect here. */
export const anything: Reader<unknown> = (value) => value

export function boolean(code: WireCode = pcaErrors.parameterInvalid): Reader<boolean> {
  return (value, name) => (typeof value === 'boolean' ? value : fail(code, name, 'is not true or false'))
}

export interface ListRules {
  min?: number
  max: number
  code?: WireCode
}

/** An array; its elements are named `name[0]`, `name[1]` … in messages. */
export function list<T>(
  element: Reader<T>,
  { min = 0, max, code = pcaErrors.parameterInvalid }: ListRules,
): Reader<T[]> {
  return (value, name) => {
    if (!Array.isArray(value)) return fail(code, name, 'is not an array')
    if (value.length < min || value.length > max) return fail(code, name, `does not have ${amount(min, max)} elements`)
    return value.map((item: unknown, index) => element(item, `${name}[${index}]`))
  }
}

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A lower-case UUID; anything else is the observed PCA.10010105, whose message names the parameter (huawei-wire.md §5.5). */
export function uuid(code: WireCode = pcaErrors.idMalformed): Reader<string> {
  return (value, name) =>
    typeof value === 'string' && uuidPattern.test(value)
      ? value
      : fail(code, name, 'is malformed: a lower-case UUID is expected')
}
