import { createHash, hash, randomFillSync } from 'node:crypto'
import { leafHash } from './merkle.ts'

/**
 * How an entry becomes a leaf. Every field is text; each has a salt of its own and is committed to alone, so that it can
 * be erased and the leaf stays what it was:
 *
 *   commitment = SHA-256(salt ‖ name ‖ 0x00 ‖ value)
 *   leaf data  = 0x01 ‖ commitment of each field, in the order of `fieldNames`
 *
 * The order and the names are in every leaf that was ever made: never change them; another form would begin with 0x02.
 */
export const fieldNames = [
  'at',
  'accountId',
  'userId',
  'userName',
  'accessKeyId',
  'sourceIp',
  'door',
  'requestId',
  'operation',
  'objectType',
  'objectId',
  'outcome',
  'code',
  'facts',
] as const

export type FieldName = (typeof fieldNames)[number]

export const saltBytes = 16
export const entrySaltBytes = 32
const commitmentBytes = 32
const form = Buffer.of(1)
const zero = Buffer.of(0)

/** What is left of a field: its text and salt, or, where it was erased, the commitment alone. */
export type Field = { value: string; salt: Uint8Array } | { commitment: Uint8Array }

/** An entry as the log holds it: whoever has this can compute its leaf. */
export type Fields = Readonly<Record<FieldName, Field>>

/** How an entry is stored once fields of it were erased: then its own salt, from which all others came, is gone. */
export interface Erased {
  /** Hex, of the fields that are still there. */
  salts: Partial<Record<FieldName, string>>
  /** Hex, of those that are not. */
  commitments: Partial<Record<FieldName, string>>
}

const pool = Buffer.alloc(4_096)
let used = pool.length

/** 32 random bytes; drawn many at once, for every commit needs them. */
export function newEntrySalt(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const salt = new Uint8Array(pool.subarray(used, (used += entrySaltBytes)))
  return salt
}

/** One salt for each field, none of which tells anything of another (SHAKE256, FIPS 202). */
function saltsOf(entrySalt: Uint8Array): Uint8Array[] {
  const all = createHash('shake256', { outputLength: fieldNames.length * saltBytes })
    .update(entrySalt)
    .digest()
  return fieldNames.map((_, index) => all.subarray(index * saltBytes, (index + 1) * saltBytes))
}

const named = fieldNames.map((name) => Buffer.concat([Buffer.from(name), zero]))

const commit = (index: number, value: string, salt: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([salt, named[index]!, Buffer.from(value)]), 'buffer')

const commitmentOf = (field: Field, index: number): Uint8Array =>
  'commitment' in field ? field.commitment : commit(index, field.value, field.salt)

/** The texts of an entry's fields. `facts` is the JSON as stored: never read and written anew. */
export type Texts = Readonly<Record<FieldName, string>>

export function fieldsOf(texts: Texts, salt: Uint8Array | null, erased: Erased | undefined): Fields {
  const salts = salt ? saltsOf(salt) : undefined
  const field = (name: FieldName, index: number): Field => {
    const commitment = erased?.commitments[name]
    if (commitment !== undefined) return { commitment: Buffer.from(commitment, 'hex') }
    const own = salts?.[index] ?? Buffer.from(erased?.salts[name] ?? '', 'hex')
    if (own.length !== saltBytes) throw new Error(`an entry of the audit log has no salt for ${name}`)
    return { value: texts[name], salt: own }
  }
  return Object.fromEntries(fieldNames.map((name, index) => [name, field(name, index)])) as Fields
}

/** The hash of an entry's leaf. */
export const leafOf = (fields: Fields): Buffer =>
  leafHash(Buffer.concat([form, ...fieldNames.map((name, index) => commitmentOf(fields[name], index))]))

/** What to keep of an entry when `gone` leave it. Those that went before stay gone. */
export function erase(fields: Fields, gone: ReadonlySet<FieldName>): Erased {
  const erased: Erased = { salts: {}, commitments: {} }
  for (const [index, name] of fieldNames.entries()) {
    const field = fields[name]
    if ('commitment' in field || gone.has(name))
      erased.commitments[name] = Buffer.from(commitmentOf(field, index)).toString('hex')
    else erased.salts[name] = Buffer.from(field.salt).toString('hex')
  }
  return erased
}

/** How fields travel: `[value, salt]`, or `[commitment]` of an erased one; salt and commitment in hex. */
export type WireFields = Record<FieldName, [string, string] | [string]>

export const wireFields = (fields: Fields): WireFields =>
  Object.fromEntries(
    fieldNames.map((name) => {
      const field = fields[name]
      return [
        name,
        'commitment' in field
          ? [Buffer.from(field.commitment).toString('hex')]
          : [field.value, Buffer.from(field.salt).toString('hex')],
      ]
    }),
  ) as WireFields

const hexOf = (text: unknown, bytes: number): Buffer => {
  if (typeof text !== 'string' || text.length !== bytes * 2 || !/^[0-9a-f]*$/.test(text))
    throw new FieldsError('a salt or a commitment is not what it should be')
  return Buffer.from(text, 'hex')
}

/** What should be the fields of an entry is something else. */
export class FieldsError extends Error {
  override readonly name = 'FieldsError'
}

/** Reads what {@link wireFields} made. @throws FieldsError */
export function readWireFields(wire: unknown): Fields {
  if (typeof wire !== 'object' || wire === null || Object.keys(wire).length !== fieldNames.length)
    throw new FieldsError('an entry has other fields than it should')
  return Object.fromEntries(
    fieldNames.map((name): [FieldName, Field] => {
      const field = (wire as Record<string, unknown>)[name]
      if (!Array.isArray(field) || field.length < 1 || field.length > 2)
        throw new FieldsError(`an entry has no readable ${name}`)
      const [first, salt] = field as unknown[]
      if (field.length === 1) return [name, { commitment: hexOf(first, commitmentBytes) }]
      if (typeof first !== 'string') throw new FieldsError(`an entry has no readable ${name}`)
      return [name, { value: first, salt: hexOf(salt, saltBytes) }]
    }),
  ) as Fields
}
