import type { DerReader } from './der/reader.ts'
import { contextTagOctet } from './der/tags.ts'
import { explicitTag, ia5String, primitive } from './der/writer.ts'
import { fail } from './errors.ts'
import { dnsNameProblem, emailProblem, uriProblem } from './host-names.ts'
import { formatIp, parseIp } from './ip.ts'

/** A name in words. `ip` is text (RFC 5952). `other` is a form that we read past: its tag number and whole element. */
export type GeneralName =
  | { readonly type: 'dns' | 'email' | 'uri' | 'ip'; readonly value: string }
  | { readonly type: 'directoryName'; readonly der: Uint8Array }
  | { readonly type: 'other'; readonly tagNumber: number; readonly der: Uint8Array }

/**
 * First identifier octets of the GeneralName alternatives (RFC 5280 §4.2.1.6, IMPLICIT but for the CHOICE
 * directoryName).
 */
export const generalNameTags = {
  email: contextTagOctet(1, false),
  dns: contextTagOctet(2, false),
  directoryName: contextTagOctet(4, true),
  uri: contextTagOctet(6, false),
  ip: contextTagOctet(7, false),
} as const

/**
 * RFC 5280 §4.2.1.6
 *   GeneralName ::= CHOICE {
 *        otherName                 [0]  OtherName,
 *        rfc822Name                [1]  IA5String,
 *        dNSName                   [2]  IA5String,
 *        x400Address               [3]  ORAddress,
 *        directoryName             [4]  Name,
 *        ediPartyName              [5]  EDIPartyName,
 *        uniformResourceIdentifier [6]  IA5String,
 *        iPAddress                 [7]  OCTET STRING,
 *        registeredID              [8]  OBJECT IDENTIFIER }
 * Throws X509Error BadName when the name is not well formed or of a form that we do not write.
 */
export function writeGeneralName(name: GeneralName): Uint8Array {
  const problem = generalNameProblem(name)
  if (problem) throw fail('BadName', `the ${name.type} name ${problem}`)
  switch (name.type) {
    case 'ip':
      return primitive(generalNameTags.ip, parseIp(name.value)!)
    case 'directoryName':
      return explicitTag(4, name.der)
    case 'other':
      return name.der
    default:
      return ia5String(name.value, generalNameTags[name.type])
  }
}

/** What keeps a name from being written; undefined if nothing. */
export function generalNameProblem(name: GeneralName): string | undefined {
  switch (name.type) {
    case 'dns':
      return dnsNameProblem(name.value)
    case 'email':
      return emailProblem(name.value)
    case 'uri':
      return uriProblem(name.value)
    case 'ip':
      return parseIp(name.value) ? undefined : 'is not an IP address'
    case 'directoryName':
      return undefined
    case 'other':
      return `has the form [${name.tagNumber}], which is not written`
  }
}

/**
 * Reads the GeneralName at the cursor. Text is taken as it stands, for `generalNameProblem` to judge, except that the
 * strings are ASCII and an address has 4 or 16 octets. Throws X509Error.
 */
export function readGeneralName(reader: DerReader): GeneralName {
  const tag = reader.peek()
  switch (tag) {
    case generalNameTags.dns:
      return { type: 'dns', value: reader.ia5String(tag) }
    case generalNameTags.email:
      return { type: 'email', value: reader.ia5String(tag) }
    case generalNameTags.uri:
      return { type: 'uri', value: reader.ia5String(tag) }
    case generalNameTags.ip: {
      const value = formatIp(reader.contents(tag))
      if (value === undefined) throw fail('BadName', 'an iPAddress must have 4 or 16 octets')
      return { type: 'ip', value }
    }
    case generalNameTags.directoryName: {
      const inside = reader.enter(tag)
      const der = inside.element()
      inside.expectEnd()
      return { type: 'directoryName', der }
    }
    default: {
      const der = reader.element()
      if ((tag & 0xc0) !== 0x80) throw fail('BadName', 'not a GeneralName')
      return { type: 'other', tagNumber: tag & 0x1f, der }
    }
  }
}

/** The URIs among the GeneralNames up to the reader's end. */
export function readUris(reader: DerReader): string[] {
  const uris: string[] = []
  while (!reader.done) {
    const name = readGeneralName(reader)
    if (name.type === 'uri') uris.push(name.value)
  }
  return uris
}

/** Name for a message: its text, or its form. Never longer than 300 characters. */
export function generalNameText(name: GeneralName): string {
  if (name.type === 'directoryName') return 'directoryName'
  return name.type === 'other' ? `name of form [${name.tagNumber}]` : name.value.slice(0, 300)
}
