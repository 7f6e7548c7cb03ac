import type { OperationName } from '../../src/api/index.ts'
import { assembleCsr, buildCsrInfo, buildName, writePem } from '../../src/x509/index.ts'
import { aRoot, ecKey, signWith } from '../../src/x509/test-support/hierarchy.ts'

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
  /** One of the account's own, with a second version. */
  ownPolicyName: string
  groupName: string
  roleName: string
  accountId: string
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
  MoveCa: ({ caId }) => ({ caId, resourceGroup: null }),
  PreviewCaDeletion: ({ caId }) => ({ caId }),
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
  PreviewCertificateDeletion: ({ certificateId }) => ({ certificateId }),
  DeletePrivateCertificate: ({ certificateId }) => ({ certificateId }),
  UploadCertificate: () => ({ name: 'sample', certificate: pem().certificate, privateKey: pem().key }),
  ListRepositoryCertificates: () => ({ uploadedOnly: true, limit: 1, offset: 0 }),
  ShowRepositoryCertificate: ({ number }) => ({ number, withMaterial: true }),
  MoveCertificate: ({ certificateId }) => ({ certificateId, resourceGroup: null }),
  DeleteRepositoryCertificate: ({ number }) => ({ number }),
  ShowGuards: ({ caId }) => ({ caId }),
  SetGuards: ({ caId }) => ({ caId, deletionProtection: true }),
  ListApprovals: () => ({ limit: 1 }),
  ShowApproval: () => ({ approvalId }),
  Approve: () => ({ approvalId, digest: '0'.repeat(64) }),
  RejectApproval: () => ({ approvalId }),
  WithdrawApproval: () => ({ approvalId }),
  ConfirmTime: () => ({}),
  ListAlarms: () => ({}),
  ExportAccount: () => ({ limit: 1 }),
  ExportAccountKeys: () => ({ limit: 1 }),
  ListAuditEntries: () => ({ limit: 1 }),
  ShowAuditProof: () => ({ index: 0 }),
  ShowConsistencyProof: () => ({ first: 0 }),
  ExportAudit: () => ({}),
  EraseAuditPerson: () => ({ userId: 'nobody' }),
  CreateUser: () => ({ userName: 'sample' }),
  ListUsers: () => ({}),
  SetUserEnabled: ({ userName }) => ({ userName, enabled: true }),
  CreateAccessKey: ({ userName }) => ({ userName }),
  SetAccessKeyEnabled: ({ accessKeyId }) => ({ accessKeyId, enabled: true }),
  CreatePolicy: () => ({ policyName: 'sample', document: '{"Version":"1","Statement":[]}' }),
  AttachPolicy: ({ userName, policyName }) => ({ userName, policyName }),
  DetachPolicy: ({ userName, policyName }) => ({ userName, policyName }),
  ShowUser: ({ userName }) => ({ userName }),
  DeleteUser: ({ userName }) => ({ userName }),
  TagUser: ({ userName }) => ({ userName, tags: { env: 'dev' } }),
  UntagUser: ({ userName }) => ({ userName, keys: ['env'] }),
  SetUserPassword: ({ userName }) => ({ userName, password: 'long enough' }),
  ChangePassword: () => ({ oldPassword: 'long enough', newPassword: 'longer than that' }),
  ListAccessKeys: ({ userName }) => ({ userName }),
  RotateAccessKey: ({ accessKeyId }) => ({ accessKeyId }),
  DeleteAccessKey: ({ accessKeyId }) => ({ accessKeyId }),
  CreateGroup: () => ({ groupName: 'sample' }),
  ListGroups: () => ({}),
  ShowGroup: ({ groupName }) => ({ groupName }),
  DeleteGroup: ({ groupName }) => ({ groupName }),
  AddUserToGroup: ({ groupName, userName }) => ({ groupName, userName }),
  RemoveUserFromGroup: ({ groupName, userName }) => ({ groupName, userName }),
  CreateRole: () => ({ roleName: 'sample', trustPolicy: '{"Version":"1","Statement":[]}' }),
  ListRoles: () => ({}),
  ShowRole: ({ roleName }) => ({ roleName }),
  UpdateRole: ({ roleName }) => ({ roleName, description: 'sample' }),
  DeleteRole: ({ roleName }) => ({ roleName }),
  AssumeRole: ({ accountId, roleName }) => ({ account: { id: accountId }, roleName, sessionName: 'sample' }),
  CreateTemporaryKey: () => ({}),
  ShowCaller: () => ({}),
  ListPolicies: () => ({}),
  ShowPolicy: ({ ownPolicyName: policyName }) => ({ policyName }),
  CreatePolicyVersion: ({ ownPolicyName: policyName }) => ({ policyName, document: '{}', setAsDefault: true }),
  SetDefaultPolicyVersion: ({ ownPolicyName: policyName }) => ({ policyName, number: 2 }),
  DeletePolicyVersion: ({ ownPolicyName: policyName }) => ({ policyName, number: 2 }),
  DeletePolicy: ({ ownPolicyName: policyName }) => ({ policyName }),
  AttachPolicyToGroup: ({ groupName, policyName }) => ({ groupName, policyName }),
  DetachPolicyFromGroup: ({ groupName, policyName }) => ({ groupName, policyName }),
  AttachPolicyToRole: ({ roleName, policyName }) => ({ roleName, policyName }),
  DetachPolicyFromRole: ({ roleName, policyName }) => ({ roleName, policyName }),
  SimulatePolicy: ({ userName }) => ({ userName, actions: ['pca:ca:get'] }),
  CreateResourceGroup: () => ({ name: 'sample' }),
  ListResourceGroups: () => ({}),
}

/** Of nothing: to whom it is foreign hears the same. */
const approvalId = '00000000-0000-4000-8000-000000000009'
const subject = { commonName: 'sample.example.com' }
const validity = { unit: 'day', amount: 30 }

let made: { certificate: string; key: string; csr: string } | undefined

/** A self-signed certificate, its key and a CSR for it. */
function pem() {
  if (made) return made
  const pair = ecKey()
  const info = buildCsrInfo({ subject: buildName({ commonName: 'sample' }), spki: pair.spki.der, extensions: [] })
  const algorithm = 'ecdsaWithSha256'
  made = {
    certificate: writePem('CERTIFICATE', aRoot({}, pair).certificate.der),
    key: pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    csr: writePem('CERTIFICATE REQUEST', assembleCsr(info, algorithm, signWith(pair, algorithm, info))),
  }
  return made
}
