import { pcaErrors } from '../errors.ts'
import { fail, oneOf, optional, type Reader, readFields, required, uuid, withDefault } from '../fields.ts'
import { readJsonBody } from '../read-body.ts'
import { noteNames } from '../reading.ts'
import {
  caSubject,
  type CrlSettings,
  crlSettings,
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
  unsupported,
  type Validity,
  validity,
  wirePem,
} from './common.ts'

type CaType = 'root' | 'subordinate'
export type CaState = 'pending' | 'active' | 'disabled' | 'deleted' | 'expired'

/** What CreateCertificateAuthority asks for. */
export interface CreateCaInput {
  type: CaType
  subject: Subject
  keyAlgorithm: KeyAlgorithm
  /** Present for a root and for a subordinate that is to be active at once, together with `validity` (and, there, `issuerId`). */
  signatureHash?: SignatureHash
  validity?: Validity
  /** Only of a subordinate that is to be active at once; without it a subordinate is left pending. */
  issuerId?: string
  /** 0–6; present exactly with `issuerId`. */
  pathLength?: number
  /** Never for a root, whose usages are fixed. */
  keyUsages?: KeyUsage[]
  crl?: CrlSettings
  enterpriseProjectId?: string
  /** Id out of a prepaid order whose parameters this call stores. */
  orderedCaId?: string
}

const typeWords: Readonly<Record<string, CaType>> = { ROOT: 'root', SUBORDINATE: 'subordinate' }
const caType = oneOf(typeWords, pcaErrors.caTypeInvalid)

const commonFields = {
  type: required('type', caType),
  subject: required('distinguished_name', caSubject),
  keyAlgorithm: required('key_algorithm', keyAlgorithm),
  crl: optional('crl_configuration', crlSettings),
  enterpriseProjectId: optional('enterprise_project_id', enterpriseProjectId),
  orderedCaId: optional('ca_id', uuid()),
  dedicatedHsm: optional('hsm_cluster_info', unsupported()),
}
const rootFields = {
  signatureHash: required('signature_algorithm', signatureHash),
  validity: required('validity', validity(30)),
}
const subordinateFields = {
  signatureHash: optional('signature_algorithm', signatureHash),
  validity: optional('validity', validity(20)),
  issuerId: optional('issuer_id', uuid()),
  pathLength: withDefault('path_length', pathLength, 0),
  keyUsages: optional('key_usages', keyUsages),
}

/** Which a root may have too, without effect. */
const subordinateNames = ['issuer_id', 'path_length', 'key_usages']

/**
 * Reads CreateCertificateAuthority. A root ignores `issuer_id`, `path_length` and `key_usages`. A subordinate lacking any of issuer, hash and validity is
 * left pending: what else concerns activation is checked, then dropped, because it must be sent again (huawei-ca-lifecycle.md §2).
 */
export function readCreateCa(body: Uint8Array): CreateCaInput {
  const source = readJsonBody(body)
  const { type, subject, keyAlgorithm: algorithm, crl, ...kept } = readFields(commonFields, source)
  const common = { type, subject, keyAlgorithm: algorithm, ...kept }
  const active = { ...common, ...(crl ? { crl } : {}) }
  noteNames(source, subordinateNames)
  if (type === 'root') return { ...active, ...readFields(rootFields, source) }

  const activation = readFields(subordinateFields, source)
  const complete =
    activation.issuerId !== undefined && activation.signatureHash !== undefined && activation.validity !== undefined
  return complete ? { ...active, ...activation } : common
}

/** CreateCertificateAuthority answers 200 with this. */
export function createdCa(caId: string) {
  return { ca_id: caId }
}

/** What IssueCertificateAuthorityCertificate (`/activate`) asks for. */
export interface ActivateCaInput {
  caId: string
  issuerId: string
  signatureHash: SignatureHash
  validity: Validity
  /** 0–6, default 0. */
  pathLength: number
  keyUsages?: KeyUsage[]
  crl?: CrlSettings
}

const activateFields = {
  issuerId: required('issuer_id', uuid()),
  signatureHash: required('signature_algorithm', signatureHash),
  validity: required('validity', validity(20)),
  pathLength: withDefault('path_length', pathLength, 0),
  keyUsages: optional('key_usages', keyUsages),
  crl: optional('crl_configuration', crlSettings),
  dedicatedHsm: optional('hsm_cluster_info', unsupported()),
}

/** Reads `/activate`. Type, subject and key of a pending CA are settled; what the body says of them (prepaid CAs) is not read. */
export function readActivateCa(caId: string, body: Uint8Array): ActivateCaInput {
  const source = readJsonBody(body)
  noteNames(source, ['type', 'distinguished_name', 'key_algorithm'])
  return { caId: readCaId(caId), ...readFields(activateFields, source) }
}

export interface ImportCaInput {
  caId: string
  certificatePem: string
  chainPem?: string
}

/** Escapes and line ends make the JSON longer than the 32768 + 2097152 characters inside; the server's limit must allow this. */
const maxImportBytes = 4 * 1024 * 1024
const importFields = {
  certificatePem: required('certificate', pemText(32_768)),
  chainPem: optional('certificate_chain', pemText(2_097_152)),
}

/** Reads ImportCertificateAuthorityCertificate. */
export function readImportCa(caId: string, body: Uint8Array): ImportCaInput {
  return { caId: readCaId(caId), ...readFields(importFields, readJsonBody(body, { maxBytes: maxImportBytes })) }
}

/** The only input of Show, ExportCertificate, ExportCsr, Disable, Enable and Restore; Revoke adds `readRevocation`. */
export function readCaId(caId: string): string {
  return readPathId(caId, 'ca_id')
}

export interface DeleteCaInput {
  caId: string
  /** 7–30; of no effect on a pending CA. */
  pendingDays: number
}

const pendingDays: Reader<string> = (value, name) =>
  typeof value === 'string' && /^(?:[7-9]|[12][0-9]|30)$/.test(value)
    ? value
    : fail(pcaErrors.parameterInvalid, name, 'must be a whole number of days from 7 to 30')
const deleteFields = { pendingDays: withDefault('pending_days', pendingDays, '30') }

/**
 * Reads DeleteCertificateAuthority. `pending_days` counts in the query alone: a body is not read, whatever it holds. Absent and empty
 * mean 30 (huawei-wire.md §9).
 */
export function readDeleteCa(caId: string, target: string): DeleteCaInput {
  const id = readCaId(caId)
  return { caId: id, pendingDays: Number(readFields(deleteFields, query(target)).pendingDays) }
}

export interface ListCasInput extends PageInput {
  /** Substring of the common name. */
  name?: string
  state?: CaState
  type?: CaType
  sortBy: 'createTime' | 'commonName' | 'type' | 'notAfter'
}

export const caStateNames = {
  pending: 'PENDING',
  active: 'ACTIVED',
  disabled: 'DISABLED',
  deleted: 'DELETED',
  expired: 'EXPIRED',
} as const satisfies Record<CaState, string>
const stateWords: Readonly<Record<string, CaState>> = {
  PENDING: 'pending',
  ACTIVED: 'active',
  DISABLED: 'disabled',
  DELETED: 'deleted',
  EXPIRED: 'expired',
}
const sortWords: Readonly<Record<string, ListCasInput['sortBy']>> = {
  create_time: 'createTime',
  common_name: 'commonName',
  type: 'type',
  not_after: 'notAfter',
}
const listFields = {
  ...pageFields,
  state: optional('status', oneOf(stateWords)),
  // Here a wrong word is a bad parameter; PCA.00020202 speaks of a CA to be made.
  type: optional('type', oneOf(typeWords)),
  sortBy: withDefault('sort_key', oneOf(sortWords), 'createTime'),
}

/** Reads the query of ListCertificateAuthority. */
export function readListCas(target: string): ListCasInput {
  return readFields(listFields, query(target))
}

/** A CA as Show and List write it. */
export interface CaView {
  id: string
  type: CaType
  state: CaState
  /** Absent where the certificate sets no limit, and while there is none. */
  pathLength?: number
  /** The CA of ours that signed; absent for roots, pending CAs and issuers elsewhere. Of the latter the name is known. */
  issuerId?: string
  issuerName?: string
  /** Our name of the key algorithm; any in the inventory. */
  keyAlgorithm: string
  /** Our name of the hash; absent while pending. */
  signatureHash?: string
  origin: 'generated' | 'imported' | 'csr'
  /** Absent while pending. */
  serialNumber?: bigint
  /** Milliseconds since 1970, as all times here. */
  createdAt: number
  /** The instant at which a scheduled deletion falls due. */
  deletesAt?: number
  notBefore?: number
  notAfter?: number
  subject: Partial<Subject>
  /** Absent while CRLs are off; without `url` while the service has no public URL. */
  crl?: { name: string; bucketName: string; validDays: number; url?: string }
  enterpriseProjectId: string
  domainId: string
}

const typeNames = { root: 'ROOT', subordinate: 'SUBORDINATE' } as const satisfies Record<CaType, string>
export const originNames = { generated: 'GENERATE', imported: 'IMPORT', csr: 'CSR' } as const

/** "No limit" in a field that knows 0–7: what the cloud returns for every root (huawei-ca-lifecycle.md §5.6). */
const unlimitedPathLength = 7

/** One record of Show and List. Every documented field is there; what does not apply is null, `crl_configuration` never is. */
export function caRecord(ca: CaView) {
  const pathLimit = ca.pathLength ?? (ca.state === 'pending' ? 0 : unlimitedPathLength)
  return {
    ca_id: ca.id,
    type: typeNames[ca.type],
    status: caStateNames[ca.state],
    path_length: ca.type === 'root' ? unlimitedPathLength : pathLimit,
    issuer_id: ca.issuerId ?? null,
    issuer_name: ca.issuerName ?? null,
    key_algorithm: keyAlgorithmName(ca.keyAlgorithm),
    signature_algorithm: ca.signatureHash?.toUpperCase() ?? null,
    freeze_flag: 0,
    gen_mode: originNames[ca.origin],
    serial_number: ca.serialNumber?.toString() ?? null,
    create_time: ca.createdAt,
    delete_time: ca.deletesAt ?? null,
    not_before: ca.notBefore ?? null,
    not_after: ca.notAfter ?? null,
    distinguished_name: distinguishedName(ca.subject),
    crl_configuration: {
      enabled: ca.crl !== undefined,
      crl_name: ca.crl?.name ?? null,
      obs_bucket_name: ca.crl?.bucketName ?? null,
      valid_days: ca.crl?.validDays ?? null,
      crl_dis_point: ca.crl?.url ?? null,
    },
    enterprise_project_id: ca.enterpriseProjectId,
    // Nothing is billed here: no free certificates to count down, pay per use, no dedicated cluster.
    free_quota: 0,
    charging_mode: 1,
    cluster_id: null,
    domain_id: ca.domainId,
  }
}

/**
 * The answer of ListCertificateAuthority.
 * @param total number of CAs that match, over all pages
 */
export function caList(total: number, cas: readonly CaView[]) {
  return { total, certificate_authorities: cas.map(caRecord) }
}

/**
 * The answer of ExportCertificateAuthorityCertificate.
 * @param chain PEM of the nearest intermediate first, the root last; none for a root, which writes an empty string
 */
export function exportedCa(certificatePem: string, chain: readonly string[]) {
  return { certificate: wirePem(certificatePem), certificate_chain: wirePem(...chain) }
}

/** The answer of ExportCertificateAuthorityCsr. */
export function exportedCsr(csrPem: string) {
  return { csr: wirePem(csrPem) }
}
