import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OperationName } from '../../src/api/index.ts'
import { temporaryFolder } from '../support/service.ts'

/** Objects of the first account that the samples speak of. */
export interface Objects {
  caId: string
  pendingCaId: string
  certificateId: string
  /** As text: the door takes numbers beyond a double so. */
  number: string
  userName: string
  accessKeyId: string
  policyName: string
}

/** A well-formed input for each operation: what would do something, were it allowed. A new operation needs one, or this does not compile. */
export const samples: Readonly<Record<OperationName, (objects: Objects) => object>> = {
  CreateCa: () => ({ type: 'root', subject, keyAlgorithm: 'p256', signatureHash: 'sha256', validity }),
  ActivateCa: ({ pendingCaId, caId }) => ({ caId: pendingCaId, issuerId: caId, signatureHash: 'sha256', validity }),
  ImportCa: () => ({ certificates: pem().certificate, privateKey: pem().key }),
  ImportIssued: ({ caId }) => ({ caId, issued: [{ serial: '01', notAfter: 0 }] }),
  ImportCaCertificate: ({ pendingCaId }) => ({ caId: pendingCaId, certificate: pem().certificate }),
  ShowCa: ({ caId }) => ({ caId }),
  ListCas: () => ({ limit: 1, offset: 0 }),
  ExportCaCertificate: ({ caId }) => ({ caId }),
  ExportCaCsr: ({ pendingCaId }) => ({ caId: pendingCaId }),
  DisableCa: ({ caId }) => ({ caId }),
  EnableCa: ({ caId }) => ({ caId }),
  TagCa: ({ caId }) => ({ caId, tags: { env: 'dev' } }),
  UntagCa: ({ caId }) => ({ caId, keys: ['env'] }),
  ListCaTags: ({ caId }) => ({ caId }),
  DeleteCa: ({ caId }) => ({ caId, keepDays: 7 }),
  RestoreCa: ({ caId }) => ({ caId }),
  RevokeCa: ({ caId }) => ({ caId, reason: 'unspecified' }),
  IssueCertificate: ({ caId }) => ({
    issuerId: caId,
    subject,
    keyAlgorithm: 'p256',
    validity: { unit: 'day', amount: 1 },
  }),
  IssueCertificateByCsr: ({ caId }) => ({ issuerId: caId, csr: pem().csr, validity: { unit: 'day', amount: 1 } }),
  IssueCaByCsr: ({ caId }) => ({ issuerId: caId, csr: pem().csr, validity: { unit: 'day', amount: 1 } }),
  ShowPrivateCertificate: ({ certificateId }) => ({ certificateId }),
  ListPrivateCertificates: () => ({ limit: 1, offset: 0 }),
  ExportPrivateCertificate: ({ certificateId }) => ({ certificateId }),
  RevokeCertificate: ({ certificateId }) => ({ certificateId, reason: 'unspecified' }),
  DeletePrivateCertificate: ({ certificateId }) => ({ certificateId }),
  UploadCertificate: () => ({ name: 'sample', certificate: pem().certificate, privateKey: pem().key }),
  ListRepositoryCertificates: () => ({ uploadedOnly: true, limit: 1, offset: 0 }),
  ShowRepositoryCertificate: ({ number }) => ({ number, withMaterial: true }),
  DeleteRepositoryCertificate: ({ number }) => ({ number }),
  ConfirmTime: () => ({}),
  ExportAccount: () => ({ limit: 1 }),
  ExportAccountKeys: () => ({ limit: 1 }),
  ListAuditEntries: () => ({ limit: 1 }),
  CreateUser: () => ({ userName: 'sample' }),
  ListUsers: () => ({}),
  SetUserEnabled: ({ userName }) => ({ userName, enabled: true }),
  CreateAccessKey: ({ userName }) => ({ userName }),
  SetAccessKeyEnabled: ({ accessKeyId }) => ({ accessKeyId, enabled: true }),
  CreatePolicy: () => ({ policyName: 'sample', document: '{"Version":"1","Statement":[]}' }),
  AttachPolicy: ({ userName, policyName }) => ({ userName, policyName }),
  DetachPolicy: ({ userName, policyName }) => ({ userName, policyName }),
}

const subject = { commonName: 'sample.example.com' }
const validity = { unit: 'day', amount: 30 }

let made: { certificate: string; key: string; csr: string } | undefined

/** A self-signed certificate, its key and a CSR for it, by openssl. */
function pem() {
  if (made) return made
  const folder = temporaryFolder()
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('key'))
  openssl('req', '-x509', '-new', '-key', at('key'), '-subj', '/CN=sample', '-days', '30', '-out', at('certificate'))
  openssl('req', '-new', '-key', at('key'), '-subj', '/CN=sample', '-out', at('csr'))
  const read = (name: string) => readFileSync(at(name), 'utf8')
  return (made = { certificate: read('certificate'), key: read('key'), csr: read('csr') })
}
