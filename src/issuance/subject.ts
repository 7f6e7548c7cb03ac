import { buildName, X509Error, type NameFields } from '../x509/index.ts'
import { problem } from './problems.ts'

/** A subject as fields and as the DER that is signed. @throws Problem SubjectInvalid */
export function subjectOf(fields: NameFields): { der: Uint8Array; fields: NameFields } {
  try {
    return { der: buildName(fields), fields }
  } catch (error) {
    if (error instanceof X509Error) throw problem('SubjectInvalid', { reason: error.message })
    throw error
  }
}
