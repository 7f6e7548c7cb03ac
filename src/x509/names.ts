import { equalBytes } from './bytes.ts'
import { checkDer, DerReader } from './der/reader.ts'
import { decodeString, isStringTag } from './der/strings.ts'
import { tags } from './der/tags.ts'
import { ia5String, oid, printableString, sequence, set, setOf, utf8String } from './der/writer.ts'
import { fail } from './errors.ts'
import { oids } from './oids.ts'

/**
 * Attribute types that a name is built from, in the order in which `buildName` writes them. `max` is the upper bound
 * in characters (RFC 5280 appendix A.1; X.520 for those that it leaves open); `label` is RFC 4514's or OpenSSL's short
 * name.
 */
const attributeTypes = {
  domainComponent: { oid: oids.domainComponent, label: 'DC', string: ia5String, max: 63 },
  country: { oid: oids.country, label: 'C', string: printableString, max: 2 },
  state: { oid: oids.state, label: 'ST', string: utf8String, max: 128 },
  locality: { oid: oids.locality, label: 'L', string: utf8String, max: 128 },
  street: { oid: oids.street, label: 'STREET', string: utf8String, max: 128 },
  postalCode: { oid: oids.postalCode, label: 'postalCode', string: utf8String, max: 40 },
  organization: { oid: oids.organization, label: 'O', string: utf8String, max: 64 },
  organizationalUnit: { oid: oids.organizationalUnit, label: 'OU', string: utf8String, max: 64 },
  title: { oid: oids.title, label: 'title', string: utf8String, max: 64 },
  surname: { oid: oids.surname, label: 'SN', string: utf8String, max: 40 },
  givenName: { oid: oids.givenName, label: 'GN', string: utf8String, max: 16 },
  commonName: { oid: oids.commonName, label: 'CN', string: utf8String, max: 64 },
  serialNumber: { oid: oids.serialNumber, label: 'serialNumber', string: printableString, max: 64 },
  userId: { oid: oids.userId, label: 'UID', string: utf8String, max: 256 },
  emailAddress: { oid: oids.emailAddress, label: 'emailAddress', string: ia5String, max: 255 },
} as const

export type NameAttribute = keyof typeof attributeTypes

/** The usual view of a name: one value for each type; a list (of OU, of DC) has its own order. */
export type NameFields = { readonly [A in NameAttribute]?: string | readonly string[] | undefined }

/** One AttributeTypeAndValue. `text` is absent when the value is no character string. */
export interface ParsedAttribute {
  readonly oid: string
  readonly text: string | undefined
  /** The value with its header. */
  readonly value: Uint8Array
}

const typesByOid = new Map(
  Object.entries(attributeTypes).map(([name, type]) => [type.oid as string, { name: name as NameAttribute, ...type }]),
)
const emptyName = Uint8Array.of(tags.sequence, 0)
const maxAttributes = 64

/**
 * RFC 5280 §4.1.2.4
 *   Name ::= CHOICE { rdnSequence  RDNSequence }
 *   RDNSequence ::= SEQUENCE OF RelativeDistinguishedName
 *   RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue
 *   AttributeTypeAndValue ::= SEQUENCE { type AttributeType, value AttributeValue }
 * One attribute in each RDN. Empty and absent fields are left out. Throws X509Error BadName for a value that is too
 * long, has control characters, or does not fit its string type.
 */
export function buildName(fields: NameFields): Uint8Array {
  const rdns: Uint8Array[] = []
  for (const [name, value] of inOrder(fields)) rdns.push(set(attribute(name, value)))
  return sequence(...rdns)
}

/** As `buildName`, with the RDNs and their order as given; an RDN of several attributes is written in DER order. */
export function buildNameFromRdns(rdns: readonly NameFields[]): Uint8Array {
  return sequence(...rdns.map((rdn) => setOf(...inOrder(rdn).map(([name, value]) => attribute(name, value)))))
}

function inOrder(fields: NameFields): [NameAttribute, string][] {
  const pairs: [NameAttribute, string][] = []
  for (const name of Object.keys(attributeTypes) as NameAttribute[]) {
    const value = fields[name]
    if (value === undefined || value === '') continue
    if (typeof value === 'string') pairs.push([name, value])
    else for (const each of value) pairs.push([name, each])
  }
  return pairs
}

function attribute(name: NameAttribute, value: string): Uint8Array {
  const type = attributeTypes[name]
  const problem = nameValueProblem(name, value)
  if (problem) throw fail('BadName', `${name} ${problem}`)
  return sequence(oid(type.oid), type.string(value))
}

/**
 * What is wrong with a value of this attribute, for a caller that reports on a form; undefined when it can be written.
 */
export function nameValueProblem(name: NameAttribute, value: string): string | undefined {
  const { max, string } = attributeTypes[name]
  if (value === '') return 'is empty'
  if (value.length > max && Array.from(value).length > max) return `is longer than ${max} characters`
  if (!value.isWellFormed()) return 'is not well-formed text'
  if (/\p{Cc}/u.test(value)) return 'has control characters'
  if (name === 'country' && !/^[A-Za-z]{2}$/.test(value)) return 'is not two letters'
  if (string === ia5String && !/^[\x20-\x7e]*$/.test(value)) return 'is not ASCII'
  if (string === printableString && !/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value)) return 'is not a PrintableString'
  return undefined
}

/** The attribute with this OID, if it is one that names are built from. */
export function nameAttributeOf(attributeOid: string): NameAttribute | undefined {
  return typesByOid.get(attributeOid)?.name
}

/** A parsed name; `der` is what was read, octet for octet, and what must be copied into what it issues. */
export class Name {
  readonly der: Uint8Array
  readonly rdns: readonly (readonly ParsedAttribute[])[]

  constructor(der: Uint8Array, rdns: readonly (readonly ParsedAttribute[])[]) {
    this.der = der
    this.rdns = rdns
  }

  get isEmpty(): boolean {
    return this.rdns.length === 0
  }

  /** All values of a type, in the order of the encoding. */
  all(attributeOid: string): string[] {
    const texts: string[] = []
    for (const rdn of this.rdns) {
      for (const each of rdn) if (each.oid === attributeOid && each.text !== undefined) texts.push(each.text)
    }
    return texts
  }

  /** The values of known types: a string for one value, a list for several. Unknown types are not in it. */
  fields(): NameFields {
    const fields: { [A in NameAttribute]?: string | readonly string[] } = {}
    for (const each of this.rdns.flat()) {
      const type = typesByOid.get(each.oid)
      if (!type || each.text === undefined) continue
      const before = fields[type.name]
      fields[type.name] =
        before === undefined ? each.text : [...(typeof before === 'string' ? [before] : before), each.text]
    }
    return fields
  }

  /** RFC 4514: the last RDN first; a type without a label as its OID with the value in `#` hexadecimal. */
  toString(): string {
    return this.rdns
      .toReversed()
      .map((rdn) => rdn.map(attributeText).join('+'))
      .join(',')
  }
}

/** Reads a Name that is all of `der`. Throws X509Error (DerError or BadName). */
export function parseName(der: Uint8Array): Name {
  checkDer(der)
  const rdns: ParsedAttribute[][] = []
  const sequenceReader = new DerReader(der).enter(tags.sequence)
  for (let count = 0; !sequenceReader.done;) {
    const setReader = sequenceReader.enter(tags.set)
    const rdn: ParsedAttribute[] = []
    do {
      if (++count > maxAttributes) throw fail('BadName', `more than ${maxAttributes} attributes`)
      const pair = setReader.enter(tags.sequence)
      const type = pair.oid()
      const value = pair.element()
      const text = isStringTag(pair.tag)
        ? decodeString(pair.tag, der.subarray(pair.contentStart, pair.contentEnd))
        : undefined
      pair.expectEnd()
      rdn.push({ oid: type, text, value })
    } while (!setReader.done)
    rdns.push(rdn)
  }
  return new Name(der, rdns)
}

/** True for `SEQUENCE {}`. */
export function isEmptyName(der: Uint8Array): boolean {
  return equalBytes(der, emptyName)
}

/**
 * RFC 5280 §7.1, for directoryName constraints: types equal and values equal after case folding and collapsing of
 * white space; values that are no strings octet for octet. Order inside an RDN is that of DER.
 */
export function rdnsMatch(a: readonly ParsedAttribute[], b: readonly ParsedAttribute[]): boolean {
  return (
    a.length === b.length &&
    a.every((left, i) => {
      const right = b[i]!
      if (left.oid !== right.oid) return false
      if (left.text === undefined || right.text === undefined) return equalBytes(left.value, right.value)
      return folded(left.text) === folded(right.text)
    })
  )
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim().replaceAll(/\s+/g, ' ')
}

function attributeText({ oid: type, text, value }: ParsedAttribute): string {
  const label = typesByOid.get(type)?.label
  return label === undefined || text === undefined ? `${type}=#${value.toHex()}` : `${label}=${escaped(text)}`
}

/** RFC 4514 §2.4. Control characters are escaped too, so that a name stays one line in a log. */
function escaped(text: string): string {
  return text
    .replaceAll(/["+,;<>\\]/g, String.raw`\$&`)
    .replaceAll(/\p{Cc}/gu, (character) => `\\${Buffer.from(character).toHex()}`)
    .replace(/^[ #]/, String.raw`\$&`)
    .replace(/ $/, String.raw`\ `)
}
