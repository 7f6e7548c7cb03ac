import { namedBits } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { oids } from '../oids.ts'
import { extension, valueReader } from './extension.ts'
import type { Extension } from './extension.ts'

/** The named bits of RFC 5280 §4.2.1.3, in order: index is bit number. */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const

export type KeyUsage = (typeof keyUsageNames)[number]

/**
 * RFC 5280 §4.2.1.3
 *   KeyUsage ::= BIT STRING {
 *        digitalSignature (0), nonRepudiation (1), keyEncipherment (2), dataEncipherment (3), keyAgreement (4),
 *        keyCertSign (5), cRLSign (6), encipherOnly (7), decipherOnly (8) }
 * Critical ("SHOULD"). At least one bit must be set. Throws X509Error BadExtension.
 */
export function keyUsage(usages: readonly KeyUsage[], { critical } = { critical: true }): Extension {
  let bits = 0
  for (const usage of usages) bits |= 1 << keyUsageNames.indexOf(usage)
  if (bits === 0) throw fail('BadExtension', 'keyUsage must have a bit set')
  return extension(oids.keyUsage, { critical }, namedBits(bits))
}

/** Reads the extension's value. Throws X509Error; among others when no bit or an unknown bit is set. */
export function readKeyUsage(value: Uint8Array): KeyUsage[] {
  const reader = valueReader(value)
  const bits = reader.namedBits()
  if (bits === 0 || bits >= 1 << keyUsageNames.length) throw fail('BadExtension', 'keyUsage has no or unknown bits')
  return keyUsageNames.filter((_, bit) => (bits & (1 << bit)) !== 0)
}
