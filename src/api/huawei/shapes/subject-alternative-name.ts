import { isIP } from 'node:net'
import { pcaErrors, type WireCode } from '../errors.ts'
import { fail, list, oneOf, type Reader, record, required, text } from '../fields.ts'

export interface SubjectAlternativeName {
  kind: 'dns' | 'ip' | 'email' | 'uri'
  value: string
}

interface Kind {
  max: number
  code: WireCode
  isValid: (value: string) => boolean
}

const dnsLabel = '[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'
const dnsName = new RegExp(`^(?:\\*\\.)?${dnsLabel}(?:\\.${dnsLabel})*$`)
const emailLocalPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
/** RFC 3986: a scheme, then only characters that a URI may hold. */
const uri = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/

/**
 * Lengths from huawei-ca-lifecycle.md §5.5. All four are IA5String or bytes in the certificate (RFC 5280 §4.2.1.6), hence ASCII; names in
 * other scripts come as A-labels. No code is documented for e-mail addresses and URIs: they get the generic one.
 */
const kinds: Record<SubjectAlternativeName['kind'], Kind> = {
  dns: { max: 253, code: pcaErrors.dnsNameInvalid, isValid: (value) => dnsName.test(value) },
  // A zone ("fe80::1%eth0") names an interface of one machine; no certificate can hold it.
  ip: { max: 39, code: pcaErrors.ipAddressInvalid, isValid: (value) => isIP(value) !== 0 && !value.includes('%') },
  email: { max: 256, code: pcaErrors.parameterInvalid, isValid: isMailbox },
  uri: { max: 253, code: pcaErrors.parameterInvalid, isValid: (value) => uri.test(value) },
}

function isMailbox(value: string): boolean {
  const at = value.lastIndexOf('@')
  return emailLocalPart.test(value.slice(0, Math.max(at, 0))) && dnsName.test(value.slice(at + 1))
}

const kind = oneOf<SubjectAlternativeName['kind']>(
  { DNS: 'dns', IP: 'ip', EMAIL: 'email', URI: 'uri' },
  pcaErrors.alternativeNameKindInvalid,
)
const fields = record({
  kind: required('type', kind, pcaErrors.alternativeNameKindInvalid),
  value: required('value', (value) => value),
})

const alternativeName: Reader<SubjectAlternativeName> = (source, name) => {
  const read = fields(source, name)
  const { max, code, isValid } = kinds[read.kind]
  const value = text({ max, code })(read.value, `${name}.value`)
  return isValid(value) ? { kind: read.kind, value } : fail(code, `${name}.value`, `is not a valid ${read.kind} name`)
}

/** `subject_alternative_names`: at most 20, each judged by its kind. */
export const subjectAlternativeNames = list(alternativeName, { max: 20 })
