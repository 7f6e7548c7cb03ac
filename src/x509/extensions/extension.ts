import { checkDer, DerReader } from '../der/reader.ts'
import { tags } from '../der/tags.ts'
import { boolean, octetString, oid as oidElement, sequence } from '../der/writer.ts'
import { DerError, fail } from '../errors.ts'

/** One extension, built or read. `value` is what the OCTET STRING holds, `der` the whole Extension. */
export interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: Uint8Array
  readonly der: Uint8Array
}

const maxExtensions = 128

/**
 * RFC 5280 §4.1
 *   Extension ::= SEQUENCE {
 *        extnID      OBJECT IDENTIFIER,
 *        critical    BOOLEAN DEFAULT FALSE,
 *        extnValue   OCTET STRING }
 */
export function extension(oid: string, { critical }: { critical: boolean }, value: Uint8Array): Extension {
  return { oid, critical, value, der: sequence(oidElement(oid), critical && boolean(true), octetString(value)) }
}

/**
 * Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension. The reader stands at the SEQUENCE. Repeated OIDs are kept.
 * Throws X509Error.
 */
export function readExtensions(reader: DerReader): Extension[] {
  const list = reader.enter(tags.sequence)
  const extensions: Extension[] = []
  do {
    if (extensions.length === maxExtensions) throw fail('BadExtension', `more than ${maxExtensions} extensions`)
    extensions.push(readExtension(list))
  } while (!list.done)
  return extensions
}

function readExtension(list: DerReader): Extension {
  const start = list.pos
  const one = list.enter(tags.sequence)
  const oid = one.oid()
  let critical = false
  if (one.peek() === tags.boolean) {
    critical = one.boolean()
    if (!critical) throw new DerError('BadBoolean', 'critical FALSE is the DEFAULT and must be left out (X.690 §11.5)')
  }
  const value = one.octetString()
  one.expectEnd()
  return { oid, critical, value, der: list.bytes.subarray(start, list.pos) }
}

/** A reader over an extension's value after the strict check, which does not see into OCTET STRINGs by itself. */
export function valueReader(value: Uint8Array): DerReader {
  checkDer(value)
  return new DerReader(value)
}

/** Reads a value that is one SEQUENCE: `read` gets what is inside and must take all of it. */
export function readSequence<T>(value: Uint8Array, read: (reader: DerReader) => T): T {
  const inside = valueReader(value).enter(tags.sequence)
  const result = read(inside)
  inside.expectEnd()
  return result
}
