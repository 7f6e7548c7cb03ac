import { exportAccount, exportAccountKeys } from '../account/index.ts'
import { listAuditEntries } from '../audit/index.ts'
import * as ca from '../ca/index.ts'
import * as certificates from '../certificates/index.ts'
import { confirmTime, deleteCa, restoreCa } from '../end-of-life/index.ts'
import * as iam from '../iam/index.ts'
import type { Operation } from '../kernel/index.ts'
import { revokeCa, revokeCertificate } from '../revocation/index.ts'

/** Every operation of the core by its name: what doors call, and what documents, matrix and explorer are made of. */
export const operations = {
  CreateCa: ca.createCa,
  ActivateCa: ca.activateCa,
  ImportCa: ca.importCa,
  ImportIssued: ca.importIssued,
  ImportCaCertificate: ca.importCaCertificate,
  ShowCa: ca.showCa,
  ListCas: ca.listCas,
  ExportCaCertificate: ca.exportCaCertificate,
  ExportCaCsr: ca.exportCaCsr,
  DisableCa: ca.disableCa,
  EnableCa: ca.enableCa,
  TagCa: ca.tagCa,
  UntagCa: ca.untagCa,
  ListCaTags: ca.listCaTags,
  DeleteCa: deleteCa,
  RestoreCa: restoreCa,
  RevokeCa: revokeCa,
  IssueCertificate: certificates.issueCertificate,
  IssueCertificateByCsr: certificates.issueCertificateByCsr,
  IssueCaByCsr: certificates.issueCaByCsr,
  ShowPrivateCertificate: certificates.showPrivateCertificate,
  ListPrivateCertificates: certificates.listPrivateCertificates,
  ExportPrivateCertificate: certificates.exportPrivateCertificate,
  RevokeCertificate: revokeCertificate,
  DeletePrivateCertificate: certificates.deletePrivateCertificate,
  UploadCertificate: certificates.uploadCertificate,
  ListRepositoryCertificates: certificates.listRepositoryCertificates,
  ShowRepositoryCertificate: certificates.showRepositoryCertificate,
  DeleteRepositoryCertificate: certificates.deleteRepositoryCertificate,
  ConfirmTime: confirmTime,
  ListAuditEntries: listAuditEntries,
  ExportAccount: exportAccount,
  ExportAccountKeys: exportAccountKeys,
  CreateUser: iam.createUser,
  ListUsers: iam.listUsers,
  SetUserEnabled: iam.setUserEnabled,
  CreateAccessKey: iam.createAccessKey,
  SetAccessKeyEnabled: iam.setAccessKeyEnabled,
  CreatePolicy: iam.createPolicy,
  AttachPolicy: iam.attachPolicy,
  DetachPolicy: iam.detachPolicy,
} as const

export type OperationName = keyof typeof operations

type DepsOf<O> =
  O extends Operation<infer _Input, infer _Resource, infer _Answer, infer Deps> ? (deps: Deps) => void : never

/** What all operations together need: the object graph that compose.ts builds has at least this. */
export type OperationDeps = DepsOf<(typeof operations)[OperationName]> extends (deps: infer All) => void ? All : never
