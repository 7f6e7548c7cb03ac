import { generalNameText } from './general-names.ts'
import type { GeneralName } from './general-names.ts'
import type { NameConstraints, Subtree } from './extensions/name-constraints.ts'
import { dnsNameProblem, uriHost } from './host-names.ts'
import { ipInRange, parseCidr, parseIp } from './ip.ts'
import { parseName, rdnsMatch } from './names.ts'
import type { Name } from './names.ts'
import { oids } from './oids.ts'

/** The names of a certificate to which the constraints above it apply. */
export interface ConstrainedNames {
  readonly subject: Name
  readonly altNames: readonly GeneralName[]
}

/**
 * Which name breaks the constraints of the chain, in words; undefined if none does. RFC 5280 §4.2.1.10, §6.1.3 (b),
 * (c): each certificate's permitted subtrees must hold a name of their form, no excluded one may. As there, e-mail
 * addresses in the subject count when no rfc822Name does; a common name that reads as a host counts when there is no
 * dNSName, as OpenSSL has it. What cannot be judged (a constraint of an unknown form that meets a name of it, a URI
 * without a host) is a violation.
 */
export function nameConstraintsViolation(
  chain: readonly NameConstraints[],
  names: ConstrainedNames,
): string | undefined {
  if (chain.length === 0) return undefined
  const all = allNames(names)
  for (const { permitted, excluded } of chain) {
    for (const name of all) {
      if (excluded.some((subtree) => sameForm(subtree, name) && (matches(subtree, name, 'excluded') ?? true))) {
        return `${generalNameText(name)} is excluded`
      }
      const ofForm = permitted.filter((subtree) => sameForm(subtree, name))
      if (ofForm.length > 0 && !ofForm.some((subtree) => matches(subtree, name, 'permitted') ?? false)) {
        return `${generalNameText(name)} is not permitted`
      }
    }
  }
  return undefined
}

function allNames({ subject, altNames }: ConstrainedNames): GeneralName[] {
  const names = [...altNames]
  if (!subject.isEmpty) names.push({ type: 'directoryName', der: subject.der })
  if (!altNames.some(({ type }) => type === 'email')) {
    for (const value of subject.all(oids.emailAddress)) names.push({ type: 'email', value })
  }
  if (!altNames.some(({ type }) => type === 'dns')) {
    for (const value of subject.all(oids.commonName)) {
      if (value.includes('.') && !dnsNameProblem(value)) names.push({ type: 'dns', value })
    }
  }
  return names
}

function sameForm(subtree: Subtree, name: GeneralName): boolean {
  if (subtree.type !== name.type) return false
  return subtree.type !== 'other' || (name.type === 'other' && subtree.tagNumber === name.tagNumber)
}

/** Undefined when it cannot be told. */
function matches(subtree: Subtree, name: GeneralName, side: 'permitted' | 'excluded'): boolean | undefined {
  if (subtree.type === 'other' || name.type === 'other') return undefined
  if (subtree.type === 'directoryName' || name.type === 'directoryName') {
    return subtree.type === 'directoryName' && name.type === 'directoryName' && directoryMatches(subtree.der, name.der)
  }
  const constraint = subtree.value.toLowerCase()
  const value = name.value.toLowerCase()
  switch (name.type) {
    case 'dns':
      return side === 'excluded' ? dnsMeets(constraint, value) : dnsWithin(constraint, value)
    case 'email':
      return emailMatches(subtree.value, name.value)
    case 'uri':
      return hostMatches(constraint, uriHost(value))
    case 'ip':
      return ipMatches(subtree.value, name.value)
  }
}

/**
 * "any DNS name that can be constructed by simply adding zero or more labels to the left-hand side". An empty one
 * holds all.
 */
function dnsWithin(constraint: string, name: string): boolean {
  const plain = name.startsWith('*.') ? name.slice(2) : name
  if (constraint === '') return true
  if (constraint.startsWith('.')) return plain.endsWith(constraint) || name === `*${constraint}`
  return plain === constraint || plain.endsWith(`.${constraint}`)
}

/** As `dnsWithin`, and a wildcard also meets what one of the names it stands for would. */
function dnsMeets(constraint: string, name: string): boolean {
  if (dnsWithin(constraint, name)) return true
  if (!name.startsWith('*.')) return false
  const bare = constraint.startsWith('.') ? constraint.slice(1) : constraint
  return bare.slice(bare.indexOf('.') + 1) === name.slice(2) && bare.includes('.')
}

/** A mailbox, all mailboxes of a host, or of the hosts below a domain. The part before the @ is compared exactly. */
function emailMatches(constraint: string, address: string): boolean {
  const host = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  const at = constraint.lastIndexOf('@')
  if (at < 0) return hostMatches(constraint.toLowerCase(), host) ?? false
  return (
    constraint.slice(0, at) === address.slice(0, address.lastIndexOf('@')) &&
    constraint.slice(at + 1).toLowerCase() === host
  )
}

/** RFC 5280 §4.2.1.10: for URIs and mailboxes a constraint without a dot in front is one host, not those below it. */
function hostMatches(constraint: string, host: string | undefined): boolean | undefined {
  // "If … the URI does not include an authority component with a host name specified as a fully qualified domain
  // name": reject.
  if (host === undefined || host.startsWith('[') || parseIp(host)) return undefined
  if (constraint === '') return true
  return constraint.startsWith('.') ? host.endsWith(constraint) : host === constraint
}

function ipMatches(constraint: string, address: string): boolean {
  const range = parseCidr(constraint)
  const octets = parseIp(address)
  return range !== undefined && octets !== undefined && ipInRange(octets, range)
}

/** The constraint's RDNs begin the name's. */
function directoryMatches(constraint: Uint8Array, name: Uint8Array): boolean {
  const base = parseName(constraint).rdns
  const rdns = parseName(name).rdns
  return base.length <= rdns.length && base.every((rdn, i) => rdnsMatch(rdn, rdns[i]!))
}
