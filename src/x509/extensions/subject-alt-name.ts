import { sequence } from '../der/writer.ts'
import { fail } from '../errors.ts'
import { readGeneralName, writeGeneralName } from '../general-names.ts'
import type { GeneralName } from '../general-names.ts'
import { oids } from '../oids.ts'
import { extension, readSequence } from './extension.ts'
import type { Extension } from './extension.ts'

const maxNames = 2000

/**
 * RFC 5280 §4.2.1.6
 *   SubjectAltName ::= GeneralNames
 *   GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName
 * Critical when the subject is empty. Throws X509Error BadName for a name that is not well formed, BadExtension for
 * none.
 */
export function subjectAltName(names: readonly GeneralName[], { critical } = { critical: false }): Extension {
  if (names.length === 0 || names.length > maxNames)
    throw fail('BadExtension', `subjectAltName must hold 1 to ${maxNames} names`)
  return extension(oids.subjectAltName, { critical }, sequence(...names.map(writeGeneralName)))
}

/** Reads the extension's value; names are not judged (see `generalNameProblem`). Throws X509Error. */
export function readSubjectAltName(value: Uint8Array): GeneralName[] {
  return readSequence(value, (reader) => {
    const names: GeneralName[] = []
    do {
      if (names.length === maxNames) throw fail('BadExtension', `more than ${maxNames} names`)
      names.push(readGeneralName(reader))
    } while (!reader.done)
    return names
  })
}
