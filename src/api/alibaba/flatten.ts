/** Lists and objects as the SDKs spread them over parameters, `Tags.1.Key=k` (contract alibaba-wire §1.3). */
import { commonError, invalidParameter } from './errors.ts'
import { limits } from './limits.ts'

type Nested = string | Nested[] | NestedObject

/** Without a prototype, so that no name a caller chooses reaches one. */
export interface NestedObject {
  [name: string]: Nested
}

/**
 * Flat parameters to nested values: members whose names are all numbers from 1 make a list, in ascending order and with
 * gaps closed. Values stay text.
 * @throws AlibabaWireError Invalid<Parameter> for a name with an empty part, an index of 0 or with leading zeros, a
 *   value that is text and list or list and object at once, nesting deeper than 8, names of prototypes
 */
export function nestParameters(parameters: ReadonlyMap<string, string>): NestedObject {
  if (parameters.size > limits.parameters) throw commonError('InvalidParameter')
  const root: Branch = new Map()
  for (const [name, value] of parameters) plant(root, name, value)
  return objectOf(root)
}

type Branch = Map<string, Branch | string>

function plant(root: Branch, name: string, value: string): void {
  const parts = name.split('.', limits.nestingDepth + 1)
  const last = parts.pop() ?? ''
  if (parts.length >= limits.nestingDepth) throw invalidParameter(name)
  let branch = root
  for (const part of parts) {
    const next = branch.get(checkPart(part, name)) ?? new Map<string, Branch | string>()
    if (typeof next === 'string') throw invalidParameter(name)
    branch.set(part, next)
    branch = next
  }
  if (branch.has(checkPart(last, name))) throw invalidParameter(name)
  branch.set(last, value)
}

function checkPart(part: string, name: string): string {
  if (part === '' || /^(0\d*|\d{10,}|__proto__|constructor|prototype)$/.test(part)) throw invalidParameter(name)
  return part
}

function objectOf(branch: Branch): NestedObject {
  const object = Object.create(null) as NestedObject
  for (const [name, child] of branch) object[name] = typeof child === 'string' ? child : valueOf(child, name)
  return object
}

function valueOf(branch: Branch, parameter: string): Nested {
  const indexes = [...branch.keys()].filter((part) => /^\d+$/.test(part))
  if (indexes.length === 0) return objectOf(branch)
  if (indexes.length !== branch.size) throw invalidParameter(parameter)
  return [...branch]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([index, child]) => (typeof child === 'string' ? child : valueOf(child, `${parameter}.${index}`)))
}

/** What a client may hand to its SDK. */
export type Flattenable =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly Flattenable[]
  | { readonly [name: string]: Flattenable }

/**
 * Nested values to flat parameters, as the SDKs do it: null, undefined and empty lists send nothing, an empty string is
 * sent as such.
 * @throws AlibabaWireError Invalid<Parameter> where the names would not be read back: an empty or dotted name, names of
 *   prototypes, nesting deeper than 8
 */
export function flattenParameters(values: { readonly [name: string]: Flattenable }): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const [name, value] of Object.entries(values)) spread(name, name, value, 1, parameters)
  return parameters
}

function spread(name: string, part: string, value: Flattenable, depth: number, into: Map<string, string>): void {
  if (part.includes('.') || depth > limits.nestingDepth) throw invalidParameter(name)
  checkPart(part, name)
  if (value === null || value === undefined) return
  if (typeof value !== 'object') {
    if (into.size >= limits.parameters) throw commonError('InvalidParameter')
    into.set(name, String(value))
    return
  }
  const isList = Array.isArray(value)
  for (const [key, member] of Object.entries(value)) {
    const next = isList ? String(Number(key) + 1) : key
    spread(`${name}.${next}`, next, member as Flattenable, depth + 1, into)
  }
}
