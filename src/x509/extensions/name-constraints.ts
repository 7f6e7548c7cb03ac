import type { DerReader } from '../der/reader.ts'
import { contextTagOctet, tags } from '../der/tags.ts'
import { constructed, explicitTag, ia5String, primitive, sequence } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { generalNameTags } from '../general-names.ts'
import { dnsNameProblem, emailProblem } from '../host-names.ts'
import { formatCidr, parseCidr } from '../ip.ts'
import { parseName } from '../names.ts'
import { oids } from '../oids.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

/**
 * A subtree of names. `dns`: a domain with all below it; with a leading dot only what is below. `email`: a mailbox, a
 * host, or `.domain` for the hosts below it. `uri`: a host, or `.domain`. `ip`: address/prefix. `other`: a form that
 * we cannot judge.
 */
export type Subtree =
  | { readonly type: 'dns' | 'email' | 'uri' | 'ip'; readonly value: string }
  | { readonly type: 'directoryName'; readonly der: Uint8Array }
  | { readonly type: 'other'; readonly tagNumber: number }

export interface NameConstraints {
  readonly permitted: readonly Subtree[]
  readonly excluded: readonly Subtree[]
}

const permittedTag = contextTagOctet(0, true)
const excludedTag = contextTagOctet(1, true)
const maxSubtrees = 512

/**
 * RFC 5280 §4.2.1.10
 *   NameConstraints ::= SEQUENCE {
 *        permittedSubtrees  [0] GeneralSubtrees OPTIONAL,
 *        excludedSubtrees   [1] GeneralSubtrees OPTIONAL }
 *   GeneralSubtree ::= SEQUENCE {
 *        base     GeneralName,
 *        minimum  [0] BaseDistance DEFAULT 0,
 *        maximum  [1] BaseDistance OPTIONAL }
 * Always critical, minimum 0, maximum absent. Throws X509Error BadExtension or BadName.
 */
export function nameConstraints({ permitted = [], excluded = [] }: Partial<NameConstraints>): Extension {
  if (permitted.length + excluded.length === 0) throw fail('BadExtension', 'nameConstraints must not be empty')
  return extension(
    oids.nameConstraints,
    { critical: true },
    sequence(
      permitted.length > 0 && constructed(permittedTag, permitted.map(writeSubtree)),
      excluded.length > 0 && constructed(excludedTag, excluded.map(writeSubtree)),
    ),
  )
}

function writeSubtree(subtree: Subtree): Uint8Array {
  switch (subtree.type) {
    case 'directoryName':
      return sequence(explicitTag(4, parseName(subtree.der).der))
    case 'other':
      throw fail('BadName', 'a constraint of this form is not written')
    case 'ip': {
      const range = parseCidr(subtree.value)
      if (!range) throw fail('BadName', 'an IP constraint must be address/prefix without host bits')
      return sequence(primitive(generalNameTags.ip, range))
    }
    default: {
      const { type, value } = subtree
      const isMailbox = type === 'email' && value.includes('@')
      const problem = isMailbox ? emailProblem(value) : dnsNameProblem(value.replace(/^\./, ''), { wildcard: false })
      if (problem) throw fail('BadName', `the ${type} constraint ${problem}`)
      return sequence(ia5String(value, generalNameTags[type]))
    }
  }
}

/** Reads the extension's value. Throws X509Error; among others for a minimum other than 0 or a maximum. */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  return readSequence(value, (reader) => {
    const permitted = reader.peek() === permittedTag ? readSubtrees(reader.enter(permittedTag)) : []
    const excluded = reader.peek() === excludedTag ? readSubtrees(reader.enter(excludedTag)) : []
    if (permitted.length + excluded.length === 0) throw fail('BadExtension', 'nameConstraints must not be empty')
    return { permitted, excluded }
  })
}

function readSubtrees(reader: DerReader): Subtree[] {
  const subtrees: Subtree[] = []
  do {
    if (subtrees.length === maxSubtrees) throw fail('BadExtension', `more than ${maxSubtrees} subtrees`)
    const one = reader.enter(tags.sequence)
    subtrees.push(readBase(one))
    if (!one.done) throw fail('BadExtension', 'minimum and maximum must be absent')
  } while (!reader.done)
  return subtrees
}

function readBase(reader: DerReader): Subtree {
  const tag = reader.peek()
  switch (tag) {
    case generalNameTags.dns:
      return { type: 'dns', value: reader.ia5String(tag) }
    case generalNameTags.email:
      return { type: 'email', value: reader.ia5String(tag) }
    case generalNameTags.uri:
      return { type: 'uri', value: reader.ia5String(tag) }
    case generalNameTags.ip: {
      const value = formatCidr(reader.contents(tag))
      if (value === undefined)
        throw fail('BadExtension', 'an IP constraint must be an address and a mask without holes')
      return { type: 'ip', value }
    }
    case generalNameTags.directoryName: {
      const inside = reader.enter(tag)
      const der = inside.element(tags.sequence)
      inside.expectEnd()
      return { type: 'directoryName', der }
    }
    default:
      reader.next()
      return { type: 'other', tagNumber: tag & 0x1f }
  }
}
