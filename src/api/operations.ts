import { exportAccount, exportAccountKeys } from '../account/index.ts'
import { listAuditEntries } from '../audit/index.ts'
import * as backup from '../backup/index.ts'
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
  MoveCa: ca.moveCa,
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
  MoveCertificate: certificates.moveCertificate,
  DeleteRepositoryCertificate: certificates.deleteRepositoryCertificate,
  ConfirmTime: confirmTime,
  ShowQuarantine: backup.showQuarantine,
  ReleaseQuarantine: backup.releaseQuarantine,
  ListKeyringCopies: backup.listKeyringCopies,
  AttestKeyringCopyDestroyed: backup.attestKeyringCopyDestroyed,
  ListAuditEntries: listAuditEntries,
  ExportAccount: exportAccount,
  ExportAccountKeys: exportAccountKeys,
  CreateUser: iam.createUser,
  ListUsers: iam.listUsers,
  ShowUser: iam.showUser,
  SetUserEnabled: iam.setUserEnabled,
  DeleteUser: iam.deleteUser,
  TagUser: iam.tagUser,
  UntagUser: iam.untagUser,
  SetUserPassword: iam.setUserPassword,
  ChangePassword: iam.changePassword,
  CreateAccessKey: iam.createAccessKey,
  ListAccessKeys: iam.listAccessKeys,
  SetAccessKeyEnabled: iam.setAccessKeyEnabled,
  RotateAccessKey: iam.rotateAccessKey,
  DeleteAccessKey: iam.deleteAccessKey,
  CreateGroup: iam.createGroup,
  ListGroups: iam.listGroups,
  ShowGroup: iam.showGroup,
  DeleteGroup: iam.deleteGroup,
  AddUserToGroup: iam.addUserToGroup,
  RemoveUserFromGroup: iam.removeUserFromGroup,
  CreateRole: iam.createRole,
  ListRoles: iam.listRoles,
  ShowRole: iam.showRole,
  UpdateRole: iam.updateRole,
  DeleteRole: iam.deleteRole,
  AssumeRole: iam.assumeRole,
  CreateTemporaryKey: iam.createTemporaryKey,
  ShowCaller: iam.showCaller,
  CreatePolicy: iam.createPolicy,
  ListPolicies: iam.listPolicies,
  ShowPolicy: iam.showPolicy,
  CreatePolicyVersion: iam.createPolicyVersion,
  SetDefaultPolicyVersion: iam.setDefaultPolicyVersion,
  DeletePolicyVersion: iam.deletePolicyVersion,
  DeletePolicy: iam.deletePolicy,
  AttachPolicy: iam.attachPolicy,
  DetachPolicy: iam.detachPolicy,
  AttachPolicyToGroup: iam.attachPolicyToGroup,
  DetachPolicyFromGroup: iam.detachPolicyFromGroup,
  AttachPolicyToRole: iam.attachPolicyToRole,
  DetachPolicyFromRole: iam.detachPolicyFromRole,
  SimulatePolicy: iam.simulatePolicy,
  CreateResourceGroup: iam.createResourceGroup,
  ListResourceGroups: iam.listResourceGroups,
} as const

export type OperationName = keyof typeof operations

type DepsOf<O> =
  O extends Operation<infer _Input, infer _Resource, infer _Answer, infer Deps> ? (deps: Deps) => void : never

/** What all operations together need: the object graph that compose.ts builds has at least this. */
export type OperationDeps = DepsOf<(typeof operations)[OperationName]> extends (deps: infer All) => void ? All : never
