import { tags } from '../der/tags.ts'
import { boolean, integer, sequence } from '../der/writer.ts'
import { DerError, fail } from '../errors.ts'
import { oids } from '../oids.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength: number | undefined
}

/**
 * RFC 5280 §4.2.1.9
 *   BasicConstraints ::= SEQUENCE {
 *        cA                 BOOLEAN DEFAULT FALSE,
 *        pathLenConstraint  INTEGER (0..MAX) OPTIONAL }
 * Critical in every CA certificate. DER leaves a DEFAULT value out (X.690 §11.5): an end entity gets an empty
 * SEQUENCE.
 */
export function basicConstraints(subject: { ca: false } | { ca: true; pathLength?: number | undefined }): Extension {
  return extension(
    oids.basicConstraints,
    { critical: subject.ca },
    sequence(
      subject.ca && boolean(true),
      subject.ca && subject.pathLength !== undefined && integer(subject.pathLength),
    ),
  )
}

/** Reads the extension's value. Throws X509Error; among others for a path length without cA. */
export function readBasicConstraints(value: Uint8Array): BasicConstraints {
  return readSequence(value, (reader) => {
    const stated = reader.peek() === tags.boolean
    const ca = stated && reader.boolean()
    if (stated && !ca) throw new DerError('BadBoolean', 'cA FALSE is the DEFAULT and must be left out (X.690 §11.5)')
    const pathLength = reader.done ? undefined : reader.smallInteger(1_000_000)
    if (!ca && pathLength !== undefined) throw fail('BadExtension', 'pathLenConstraint without cA')
    return { ca, pathLength }
  })
}
