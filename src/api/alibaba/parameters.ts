/** How an operation's parameters are declared and read (contract alibaba-wire §1.3, §5.2). */
import { invalidParameter, missingParameter } from './errors.ts'
import { nestParameters } from './flatten.ts'

type WireType = 'string' | 'integer' | 'boolean' | 'array'

/** One declared parameter: what the contract says of it, and how it is read. */
export interface Parameter<Value> {
  readonly type: WireType
  readonly required: boolean
  /** @throws AlibabaWireError Missing<name>, Invalid<name> */
  readonly read: (parameters: ReadonlyMap<string, string>, name: string) => Value
}

/** What the declared parameters of an operation are read to. */
export type ValuesOf<Parameters> = {
  readonly [Name in keyof Parameters]: Parameters[Name] extends Parameter<infer Value> ? Value : never
}

/** An empty value is an absent one, as with the common parameters. `parse` gives undefined for what it cannot read. */
const optional = <Value>(
  type: WireType,
  parse: (text: string) => Value | undefined,
  hint?: string,
): Parameter<Value | undefined> => ({
  type,
  required: false,
  read(parameters, name) {
    const text = parameters.get(name)
    if (text === undefined || text === '') return undefined
    const value = parse(text)
    if (value === undefined) throw invalidParameter(name, hint)
    return value
  },
})

export const required = <Value>(parameter: Parameter<Value | undefined>): Parameter<Value> => ({
  ...parameter,
  required: true,
  read(parameters, name) {
    const value = parameter.read(parameters, name)
    if (value === undefined) throw missingParameter(name)
    return value
  },
})

/** Accepted from old and new clients alike, and without effect. */
export const ignored: Parameter<undefined> = { type: 'string', required: false, read: () => undefined }

export const text = optional('string', (value) => value)

/** Of these words one, in the contract's spelling. */
export const oneOf = <const Word extends string>(...words: readonly Word[]): Parameter<Word | undefined> =>
  optional('string', (value) => words.find((word) => word === value), `It must be one of ${words.join(', ')}.`)

/** The Python clients write `True` and `False`. */
export const flag = optional('boolean', (value) => {
  const lower = value.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : undefined
})

const maxInt64 = 2n ** 63n - 1n

/** A number from 0 to 2^63 - 1 in its one decimal spelling, as a bigint: a double would round one id onto another. */
export const int64 = optional('integer', (value) => {
  if (!/^(?:0|[1-9]\d{0,18})$/.test(value)) return undefined
  const number = BigInt(value)
  return number <= maxInt64 ? number : undefined
})

/** A number small enough to count with. */
export const count = ({ min, max }: { min: number; max: number }): Parameter<number | undefined> =>
  optional(
    'integer',
    (value) => {
      if (!/^(?:0|[1-9]\d{0,15})$/.test(value)) return undefined
      const number = Number(value)
      return number >= min && number <= max ? number : undefined
    },
    `It must be a number from ${min} to ${max}.`,
  )

const maxTags = 20

/** `Tags.1.Key=k&Tags.1.Value=v`; a tag without value has an empty one. Undefined when there are none. */
export const tags: Parameter<Record<string, string> | undefined> = {
  type: 'array',
  required: false,
  read(parameters, name) {
    const own = [...parameters].filter(([each]) => each === name || each.startsWith(`${name}.`))
    if (own.length === 0) return undefined
    const list = nestParameters(new Map(own))[name]
    if (!Array.isArray(list)) throw invalidParameter(name)
    if (list.length > maxTags) throw invalidParameter(name, `There may be ${maxTags} tags at most.`)
    const pairs = list.map((tag) => {
      const { Key, Value = '', ...more } = typeof tag === 'object' && !Array.isArray(tag) ? tag : {}
      if (typeof Key !== 'string' || Key === '' || typeof Value !== 'string' || Object.keys(more).length > 0)
        throw invalidParameter(name, 'Each tag has a Key, and may have a Value.')
      return [Key, Value] as const
    })
    const read = new Map(pairs)
    if (read.size < pairs.length) throw invalidParameter(name, 'A Key may occur once only.')
    return Object.fromEntries(read)
  },
}
