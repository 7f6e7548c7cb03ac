import { HuaweiWireError, pcaErrors, type WireCode } from '../errors.ts'
import {
  anything,
  boolean,
  fail,
  integer,
  list,
  oneOf,
  optional,
  type Reader,
  readFields,
  record,
  required,
  text,
  uuid,
  withDefault,
} from '../fields.ts'
import { readJsonBody, readQuery } from '../read-body.ts'

export type KeyAlgorithm = 'rsa2048' | 'rsa3072' | 'rsa4096' | 'p256' | 'p384' | 'p521' | 'ed25519'
export type SignatureHash = 'sha256' | 'sha384' | 'sha512' | 'none'
type ValidityUnit = 'year' | 'month' | 'day' | 'hour'

/** RFC 5280 §4.2.1.3; the wire uses the same names. */
export type KeyUsage =
  | 'digitalSignature'
  | 'nonRepudiation'
  | 'keyEncipherment'
  | 'dataEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign'
  | 'encipherOnly'
  | 'decipherOnly'

/** RFC 5280 §5.3.1. */
export type RevocationReason =
  | 'unspecified'
  | 'keyCompromise'
  | 'cACompromise'
  | 'affiliationChanged'
  | 'superseded'
  | 'cessationOfOperation'
  | 'certificateHold'
  | 'privilegeWithdrawn'
  | 'aACompromise'

/** A subject as far as this wire can say it. */
export interface Subject {
  commonName: string
  country?: string
  state?: string
  locality?: string
  organization?: string
  organizationalUnit?: string
}

export interface Validity {
  /** A month has 31 days flat, a year 12 calendar months (huawei-ca-lifecycle.md §5.3). */
  unit: ValidityUnit
  amount: number
  /** Milliseconds since 1970; absent means now. That it lies after now − 5 min is for the operation, which has the clock. */
  startFrom?: number
}

/**
 * SM2 and the PSS names answer "not supported", as on the sites that lack them. RSA3072 stands in a console guide only; EC521,
 * ED25519 and its hash NONE are ours (docs/divergences/huawei.md).
 */
const keyAlgorithmWords: Readonly<Record<string, KeyAlgorithm>> = {
  RSA2048: 'rsa2048',
  RSA3072: 'rsa3072',
  RSA4096: 'rsa4096',
  EC256: 'p256',
  EC384: 'p384',
  EC521: 'p521',
  ED25519: 'ed25519',
}
export const keyAlgorithm = oneOf(keyAlgorithmWords, pcaErrors.keyAlgorithmUnsupported)

const signatureHashWords: Readonly<Record<string, SignatureHash>> = {
  SHA256: 'sha256',
  SHA384: 'sha384',
  SHA512: 'sha512',
  NONE: 'none',
}
export const signatureHash = oneOf(signatureHashWords, pcaErrors.signatureHashUnsupported)

const keyAlgorithmNames: Readonly<Record<string, string>> = { p256: 'EC256', p384: 'EC384', p521: 'EC521' }

/** The wire name of any key algorithm in the inventory. Those that this wire has no name for come out as our own, in upper case. */
export function keyAlgorithmName(algorithm: string): string {
  return keyAlgorithmNames[algorithm] ?? algorithm.toUpperCase()
}

const keyUsageWords: Readonly<Record<KeyUsage, KeyUsage>> = {
  digitalSignature: 'digitalSignature',
  nonRepudiation: 'nonRepudiation',
  keyEncipherment: 'keyEncipherment',
  dataEncipherment: 'dataEncipherment',
  keyAgreement: 'keyAgreement',
  keyCertSign: 'keyCertSign',
  cRLSign: 'cRLSign',
  encipherOnly: 'encipherOnly',
  decipherOnly: 'decipherOnly',
}
const usageList = list(oneOf<KeyUsage>(keyUsageWords), { max: 32 })

/** Key usages, each once. An empty list is what some clients send for "not given": it reads as absent. */
export const keyUsages: Reader<KeyUsage[] | undefined> = (value, name) => {
  const usages = [...new Set(usageList(value, name))]
  return usages.length === 0 ? undefined : usages
}

/** huawei-ca-lifecycle.md §5.2: letters, digits, Chinese characters and `- _ space . ,`; the common name also `*`. */
const attribute = (max: number) =>
  text({ max, pattern: /^[A-Za-z0-9\p{Script=Han}\-_ .,]+$/u, code: pcaErrors.subjectInvalid })
const commonName = text({
  max: 64,
  pattern: /^[A-Za-z0-9\p{Script=Han}\-_ .,*]+$/u,
  code: pcaErrors.subjectInvalid,
})
const country = text({ min: 2, max: 2, pattern: /^[A-Za-z]{2}$/, code: pcaErrors.subjectInvalid })

/** The subject of a CA: all six attributes are mandatory (§5.2). */
export const caSubject: Reader<Required<Subject>> = record({
  commonName: required('common_name', commonName, pcaErrors.subjectInvalid),
  country: required('country', country, pcaErrors.subjectInvalid),
  state: required('state', attribute(128), pcaErrors.subjectInvalid),
  locality: required('locality', attribute(128), pcaErrors.subjectInvalid),
  organization: required('organization', attribute(64), pcaErrors.subjectInvalid),
  organizationalUnit: required('organizational_unit', attribute(64), pcaErrors.subjectInvalid),
})

/** The subject of a certificate: what is missing is copied from the issuing CA, by the operation (§5.2). */
export const certificateSubject: Reader<Subject> = record({
  commonName: required('common_name', commonName, pcaErrors.subjectInvalid),
  country: optional('country', country),
  state: optional('state', attribute(128)),
  locality: optional('locality', attribute(128)),
  organization: optional('organization', attribute(64)),
  organizationalUnit: optional('organizational_unit', attribute(64)),
})

/** `distinguished_name` of an answer. */
export function distinguishedName(subject: Partial<Subject>) {
  return {
    common_name: subject.commonName ?? null,
    country: subject.country ?? null,
    state: subject.state ?? null,
    locality: subject.locality ?? null,
    organization: subject.organization ?? null,
    organizational_unit: subject.organizationalUnit ?? null,
  }
}

const invalidValidity = pcaErrors.validityInvalid
/** 9999-12-31T23:59:59Z, the last instant that a certificate can name (RFC 5280 §4.1.2.5.2). */
const lastInstant = 253_402_300_799_000
const validityFields = record({
  unit: required(
    'type',
    oneOf<ValidityUnit>({ YEAR: 'year', MONTH: 'month', DAY: 'day', HOUR: 'hour' }, invalidValidity),
    invalidValidity,
  ),
  amount: required('value', integer({ min: 1, max: 2_147_483_647, code: invalidValidity }), invalidValidity),
  // Terraform sends a numeric string; Go and Java declare 32 bits and cannot send it at all (huawei-wire.md §6).
  startFrom: optional('start_from', integer({ min: 0, max: lastInstant, code: invalidValidity, numericText: true })),
})
/** A client that counts thirty years in days counts leap days too, so a year here has 365.25 days. */
const perYear: Record<ValidityUnit, number> = { year: 1, month: 12, day: 365.25, hour: 365.25 * 24 }

/** `validity`, at most so many years: 30 for a root, 20 for everything else (huawei-ca-lifecycle.md §5.3). */
export function validity(maxYears: 20 | 30): Reader<Validity> {
  return (value, name) => {
    const read = validityFields(value, name)
    if (read.amount > Math.ceil(maxYears * perYear[read.unit])) {
      return fail(invalidValidity, `${name}.value`, `is longer than ${maxYears} years`)
    }
    return read
  }
}

/** `path_length` of a subordinate CA: CA levels allowed below it. */
export const pathLength = integer({ min: 0, max: 6, code: pcaErrors.pathLengthInvalid })

const projectId = /^(?:0|[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12})$/
/** `enterprise_project_id` of something new. The word `all` belongs to queries: nothing can be put into all projects. */
export const enterpriseProjectId = text({ max: 36, pattern: projectId })

export type CrlSettings = { enabled: false } | EnabledCrl
interface EnabledCrl {
  enabled: true
  bucketName: string
  /** 7–30. */
  validDays: number
  /** File name without path; absent: the operation chooses. */
  name?: string
}

/**
 * Bucket and file name are held to the object store's own naming rules: they may become folder and file here, so neither may hold a
 * slash or begin with a dot.
 */
const crlFields = record({
  enabled: required('enabled', boolean()),
  // Read below, where CRLs are on.
  bucketName: optional('obs_bucket_name', anything),
  validDays: optional('valid_days', anything),
  name: optional('crl_name', anything),
})
const enabledCrl = record({
  bucketName: required('obs_bucket_name', text({ min: 3, max: 63, pattern: /^[a-z0-9](?:-|\.?[a-z0-9])*$/ })),
  validDays: required('valid_days', integer({ min: 7, max: 30 })),
  name: optional('crl_name', text({ max: 64, pattern: /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/ })),
})
/** `crl_configuration` of a request: while off, nothing else in it counts (huawei-ca-lifecycle.md §8). */
export const crlSettings: Reader<CrlSettings> = (value, name) =>
  crlFields(value, name).enabled ? { enabled: true, ...enabledCrl(value, name) } : { enabled: false }

const reasonWords: Readonly<Record<string, RevocationReason>> = {
  UNSPECIFIED: 'unspecified',
  KEY_COMPROMISE: 'keyCompromise',
  CERTIFICATE_AUTHORITY_COMPROMISE: 'cACompromise',
  AFFILIATION_CHANGED: 'affiliationChanged',
  SUPERSEDED: 'superseded',
  CESSATION_OF_OPERATION: 'cessationOfOperation',
  CERTIFICATE_HOLD: 'certificateHold',
  PRIVILEGE_WITHDRAWN: 'privilegeWithdrawn',
  ATTRIBUTE_AUTHORITY_COMPROMISE: 'aACompromise',
}
const revocationFields = { reason: withDefault('reason', oneOf(reasonWords), 'unspecified') }

/** The body of both revoke operations: no body, `{}` and `{"reason":null}` all mean *unspecified* (huawei-ca-lifecycle.md §4). */
export function readRevocation(body: Uint8Array): { reason: RevocationReason } {
  return readFields(revocationFields, readJsonBody(body, { absent: 'empty' }))
}

/**
 * An id from the path.
 * @param parameter its name in the contract, shown in the refusal
 */
export function readPathId(value: string, parameter: 'ca_id' | 'certificate_id'): string {
  return uuid()(value, parameter)
}

/** One page of a list: `offset` counts records (huawei-wire.md §7). */
export interface PageInput {
  limit: number
  offset: number
  descending: boolean
}
export const pageFields = {
  limit: withDefault('limit', integer({ min: 0, max: 1000, numericText: true }), 10),
  offset: withDefault('offset', integer({ min: 0, max: 2_147_483_647, numericText: true }), 0),
  descending: withDefault('sort_dir', oneOf({ DESC: true, ASC: false }), true),
  /** Substring of the common name. */
  name: optional('name', text({ max: 64 })),
}

/** The parameters of a query, for `readFields`. */
export function query(target: string): Record<string, unknown> {
  return readQuery(target)
}

/** A PEM text of a request; what is inside is for the operation to parse. LF and CR LF are both fine. */
export function pemText(max: number): Reader<string> {
  return text({ max })
}

/** PEM as this wire writes it: every line ends in CR LF (huawei-wire.md §6). */
export function wirePem(...pems: readonly string[]): string {
  return pems
    .map((pem) => `${pem.trimEnd()}\n`)
    .join('')
    .replace(/\r?\n/g, '\r\n')
}

/** A field that would change what is made and that we cannot honour: refused, because ignoring it would mislead. */
export function unsupported(code: WireCode = pcaErrors.parameterInvalid): Reader<never> {
  return (_, name) => {
    throw new HuaweiWireError(code, `${name} is not supported`)
  }
}
