import { Buffer } from 'node:buffer'
import type { PolicyLimits } from './policy.ts'
import { below, PolicyError, quoted } from './policy.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads the JSON of a policy. An object is written out first, so that both ways pass the same limits and nothing with a
 * prototype, a getter or a cycle gets further.
 * @throws PolicyError also for a name that stands twice in one object: readers differ on which of the two counts.
 */
export function readDocument(source: string | object, limits: PolicyLimits): JsonObject {
  const text = typeof source === 'string' ? source : written(source)
  const bytes = Buffer.byteLength(text)
  if (bytes > limits.bytes)
    throw new PolicyError('', `The policy has ${bytes} bytes; at most ${limits.bytes} are allowed.`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new PolicyError('', 'The policy is not valid JSON.')
  }
  checkShape(text, limits.depth)
  return objectAt('', value, 'A policy')
}

function written(source: object): string {
  let text: string | undefined
  try {
    text = JSON.stringify(source)
  } catch {
    // a cycle, a BigInt, a throwing getter or toJSON: all the same refusal
  }
  if (text === undefined) throw new PolicyError('', 'The policy cannot be written as JSON.')
  return text
}

/** Depth and repeated names, on text that is known to be JSON: outside of strings only punctuation matters. */
function checkShape(text: string, depth: number): void {
  const open: (Set<string> | undefined)[] = []
  const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/g
  const colon = /\s*:/y
  for (let found = token.exec(text); found; found = token.exec(text)) {
    const [piece] = found
    if (piece === '{' || piece === '[') {
      if (open.length === depth) throw new PolicyError('', `The policy is nested more than ${depth} levels deep.`)
      open.push(piece === '{' ? new Set() : undefined)
    } else if (piece === '}' || piece === ']') {
      open.pop()
    } else {
      const names = open.at(-1)
      colon.lastIndex = token.lastIndex
      if (!names || !colon.test(text)) continue
      const name = JSON.parse(piece) as string
      if (names.has(name)) throw new PolicyError('', `The name ${quoted(name)} stands twice in one object.`)
      names.add(name)
    }
  }
}

export function objectAt(position: string, value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new PolicyError(position, `${what} must be a JSON object.`)
  return value as JsonObject
}

export function arrayAt(position: string, value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new PolicyError(position, `${what} must be an array.`)
  if (value.length === 0) throw new PolicyError(position, `${what} must not be empty.`)
  if (value.length > most)
    throw new PolicyError(position, `${what} has ${value.length} entries; at most ${most} are allowed.`)
  return value
}

export function stringAt(position: string, value: unknown, what: string, longest: number): string {
  if (typeof value !== 'string') throw new PolicyError(position, `${what} must be a string.`)
  if (value.length > longest) throw new PolicyError(position, `${what} is longer than ${longest} characters.`)
  return value
}

/** One string, or an array of strings; `lone` says whether the grammar knows the first form. */
export function stringsAt(
  position: string,
  value: unknown,
  what: string,
  { most, longest, lone }: { most: number; longest: number; lone: boolean },
): readonly string[] {
  if (lone && typeof value === 'string') return [stringAt(position, value, what, longest)]
  return arrayAt(position, value, what, most).map((entry, index) =>
    stringAt(below(position, index), entry, `An entry of ${what}`, longest),
  )
}
