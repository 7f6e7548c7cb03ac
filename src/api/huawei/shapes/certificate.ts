import { pcaErrors } from '../errors.ts'
import {
  boolean,
  fail,
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
import { readJsonBody } from '../read-body.ts'
import { noteNames } from '../reading.ts'
import { originNames } from './ca.ts'
import {
  certificateSubject,
  distinguishedName,
  enterpriseProjectId,
  type KeyAlgorithm,
  keyAlgorithm,
  keyAlgorithmName,
  type KeyUsage,
  keyUsages,
  type PageInput,
  pageFields,
  pathLength,
  pemText,
  query,
  readPathId,
  type SignatureHash,
  signatureHash,
  type Subject,
  type Validity,
  validity,
} from './common.ts'
import { type SubjectAlternativeName, subjectAlternativeNames } from './subject-alternative-name.ts'

export type CertificateState = 'issued' | 'expired' | 'revoked'

export type ExtendedKeyUsage =
  'serverAuth' | 'clientAuth' | 'codeSigning' | 'emailProtection' | 'timeStamping' | 'smartCardLogon'

interface CustomExtension {
  /** Dotted decimal. */
  oid: string
  /** 1–64 characters; how it is encoded is the operation's choice. */
  value: string
}

/** What CreateCertificate asks for. */
export interface CreateCertificateInput {
  issuerId: string
  /** What the subject leaves out is copied from the issuing CA. */
  subject: Subject
  validity: Validity
  /** Newer clients may leave out either; the cloud's default is not documented. */
  keyAlgorithm?: KeyAlgorithm
  signatureHash?: SignatureHash
  keyUsages?: KeyUsage[]
  /** In the order of huawei-ca-lifecycle.md §5.4; empty when none was asked for. */
  extendedKeyUsages: ExtendedKeyUsage[]
  subjectAlternativeNames: SubjectAlternativeName[]
  customExtension?: CustomExtension
  enterpriseProjectId?: string
}

const usageFlags = record({
  serverAuth: withDefault('server_auth', boolean(), false),
  clientAuth: withDefault('client_auth', boolean(), false),
  codeSigning: withDefault('code_signing', boolean(), false),
  emailProtection: withDefault('email_protection', boolean(), false),
  timeStamping: withDefault('time_stamping', boolean(), false),
  smartCardLogon: withDefault('smart_card_logon', boolean(), false),
})
const extendedKeyUsages: Reader<ExtendedKeyUsage[]> = (value, name) => {
  const flags = usageFlags(value, name)
  return (Object.keys(flags) as ExtendedKeyUsage[]).filter((usage) => flags[usage])
}

/** X.660: the first arc is 0, 1 or 2; under 0 and 1 the second is below 40; no arc has leading zeros. */
const dottedOid = /^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]*))(?:\.(?:0|[1-9][0-9]*))*$/
const extensionFields = record({
  oid: optional('object_identifier', text({ max: 64, pattern: dottedOid })),
  value: optional('value', text({ max: 64 })),
})
/** Both parts or none: the contract calls each optional, but half an extension means nothing. */
const customExtension: Reader<CustomExtension | undefined> = (source, name) => {
  const { oid, value } = extensionFields(source, name)
  if (oid === undefined && value === undefined) return undefined
  if (oid === undefined) return fail(pcaErrors.parameterInvalid, `${name}.object_identifier`, 'is missing')
  if (value === undefined) return fail(pcaErrors.parameterInvalid, `${name}.value`, 'is missing')
  return { oid, value }
}

const createFields = {
  issuerId: required('issuer_id', uuid()),
  subject: required('distinguished_name', certificateSubject),
  validity: required('validity', validity(20)),
  keyAlgorithm: optional('key_algorithm', keyAlgorithm),
  signatureHash: optional('signature_algorithm', signatureHash),
  keyUsages: optional('key_usages', keyUsages),
  extendedKeyUsages: withDefault('extended_key_usage', extendedKeyUsages, []),
  subjectAlternativeNames: withDefault('subject_alternative_names', subjectAlternativeNames, []),
  customExtension: optional('customized_extension', customExtension),
  enterpriseProjectId: optional('enterprise_project_id', enterpriseProjectId),
}

/** Reads CreateCertificate. */
export function readCreateCertificate(body: Uint8Array): CreateCertificateInput {
  return readFields(createFields, readJsonBody(body))
}

/** What CreateCertificateByCsr asks for. */
export interface CreateCertificateByCsrInput {
  issuerId: string
  csrPem: string
  validity: Validity
  kind: 'entity' | 'intermediateCa'
  /** 0–6; of meaning only for an intermediate CA. */
  pathLength: number
  enterpriseProjectId?: string
}

const byCsrFields = {
  issuerId: required('issuer_id', uuid()),
  csrPem: required('csr', pemText(5120)),
  validity: required('validity', validity(20)),
  kind: withDefault(
    'type',
    oneOf<CreateCertificateByCsrInput['kind']>({ ENTITY_CERT: 'entity', INTERMEDIATE_CA: 'intermediateCa' }),
    'entity',
  ),
  pathLength: withDefault('path_length', pathLength, 0),
  enterpriseProjectId: optional('enterprise_project_id', enterpriseProjectId),
}

/** Reads CreateCertificateByCsr. `subject_alternative_names` is reserved there and not read (huawei-ca-lifecycle.md §5.5). */
export function readCreateCertificateByCsr(body: Uint8Array): CreateCertificateByCsrInput {
  const source = readJsonBody(body)
  noteNames(source, ['subject_alternative_names'])
  return readFields(byCsrFields, source)
}

/** Both create operations answer 200 with this. */
export function createdCertificate(certificateId: string) {
  return { certificate_id: certificateId }
}

/** The only input of Show and Delete; Revoke adds `readRevocation`. */
export function readCertificateId(certificateId: string): string {
  return readPathId(certificateId, 'certificate_id')
}

export interface ListCertificatesInput extends PageInput {
  /** Substring of the common name. */
  name?: string
  state?: CertificateState
  sortBy: 'createTime' | 'commonName' | 'issuerName' | 'notAfter'
}

const stateWords: Readonly<Record<string, CertificateState>> = {
  ISSUED: 'issued',
  EXPIRED: 'expired',
  REVOKED: 'revoked',
}
const sortWords: Readonly<Record<string, ListCertificatesInput['sortBy']>> = {
  create_time: 'createTime',
  common_name: 'commonName',
  issuer_name: 'issuerName',
  not_after: 'notAfter',
}
const listFields = {
  ...pageFields,
  state: optional('status', oneOf(stateWords)),
  sortBy: withDefault('sort_key', oneOf(sortWords), 'createTime'),
}

/** Reads the query of ListCertificate. */
export function readListCertificates(target: string): ListCertificatesInput {
  return readFields(listFields, query(target))
}

/** A private certificate as Show and List write it. */
export interface CertificateView {
  id: string
  state: CertificateState
  issuerId: string
  issuerName: string
  /** Our name of the key algorithm; any in the inventory. */
  keyAlgorithm: string
  signatureHash: string
  origin: 'generated' | 'imported' | 'csr'
  serialNumber: bigint
  /** Milliseconds since 1970, as all times here. */
  createdAt: number
  notBefore: number
  notAfter: number
  subject: Partial<Subject>
  enterpriseProjectId: string
}

export const certificateStateNames = {
  issued: 'ISSUED',
  expired: 'EXPIRED',
  revoked: 'REVOKED',
} as const satisfies Record<CertificateState, string>

/** One record of Show and List. `delete_time` is always null: certificates go at once. */
export function certificateRecord(certificate: CertificateView) {
  return {
    certificate_id: certificate.id,
    status: certificateStateNames[certificate.state],
    issuer_id: certificate.issuerId,
    issuer_name: certificate.issuerName,
    key_algorithm: keyAlgorithmName(certificate.keyAlgorithm),
    signature_algorithm: certificate.signatureHash.toUpperCase(),
    freeze_flag: 0,
    gen_mode: originNames[certificate.origin],
    serial_number: certificate.serialNumber.toString(),
    create_time: certificate.createdAt,
    delete_time: null,
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    distinguished_name: distinguishedName(certificate.subject),
    enc_cert_info: null,
    enterprise_project_id: certificate.enterpriseProjectId,
  }
}

/**
 * The answer of ListCertificate.
 * @param total number of certificates that match, over all pages
 */
export function certificateList(total: number, certificates: readonly CertificateView[]) {
  return { total, certificates: certificates.map(certificateRecord) }
}
