/**
 * Policies that every account has. The vendors' own documents are not published (RAM §5, Huawei IAM §6): these are ours
 * under the known names. No read-only policy covers an action that reveals a private key or lets one be used; such actions
 * are left out rather than denied, so that a second policy can still grant them.
 */
import { parsePolicy } from './policies/parse.ts'
import type { Grammar, Policy } from './policies/policy.ts'

export interface BuiltinPolicy {
  /** `<grammar>/<name>`, stable: attachments are stored with it. */
  readonly id: string
  readonly name: string
  readonly grammar: Grammar
  readonly description: string
  /** The document as a console or door shows it. */
  readonly document: Readonly<Record<string, unknown>>
  readonly policy: Policy
}

/** What gives out a private key, or signs and decrypts with one. */
export const keyRevealingActions: readonly string[] = [
  'yundun-cert:GetUserCertificateDetail',
  'yundun-cert:GetCsrDetail',
  'yundun-cert:DescribeCertificateState',
  'yundun-cert:DescribeCertificatePrivateKey',
  'yundun-cert:DescribeSSLCertificatePrivateKey',
  'yundun-cert:DescribeUserCertificateDetail',
  'yundun-cert:DescribeDVOrderResult',
  'yundun-cert:Sign',
  'yundun-cert:Decrypt',
  'pca:cert:export',
  'scm:cert:export',
  'scm:cert:download',
  'scm::getCsrPrivateKey',
]

/** Reads of CAS without those above. One by one: `Get*` would take them in. `List*` holds none. */
const casReads = [
  'yundun-cert:List*',
  'yundun-cert:Verify',
  ...[
    'DescribeCACertificate',
    'DescribeCACertificateCount',
    'DescribeCACertificateList',
    'DescribeClientCertificate',
    'DescribeClientCertificateForSerialNumber',
    'DescribeClientCertificateStatus',
    'DescribeClientCertificateStatusForSerialNumber',
    'DescribeCloudResourceStatus',
    'DescribeDeploymentJob',
    'DescribeDeploymentJobStatus',
    'DescribeOrderInstanceList',
    'DescribePackageState',
    'DescribePcaAndExternalCACertificateList',
    'DescribeSSLCertificateCount',
    'DescribeSSLCertificateList',
    'DescribeSSLCertificateMatchDomainList',
    'DescribeSSLCertificatePublicKeyDetail',
    'DescribeUserCertificateList',
    'DescribeWarehouseCert',
    'GetAssetCount',
    'GetCAInstanceStatus',
    'GetCaInstanceCrlAddress',
    'GetCertWarehouseQuota',
    'GetCertificateDetail',
    'GetCompany',
    'GetContact',
    'GetInstanceDetail',
    'GetInstanceSummary',
    'GetMatchedResources',
    'GetRiskCount',
    'GetTaskAttribute',
  ].map((operation) => `yundun-cert:${operation}`),
]

const pcaReads = [
  'pca:ca:get',
  'pca:ca:getCsr',
  'pca:ca:export',
  'pca:ca:quota',
  'pca:ca:list*',
  'pca:cert:get',
  'pca:cert:parseCsr',
  'pca:cert:quota',
  'pca:cert:list*',
]

const scmReads = [
  'scm:cert:get',
  'scm:cert:list*',
  'scm:certType:get',
  'scm:certProduct:get',
  'scm:pushHistory:list',
  'scm::getCsr',
  'scm::listCsr',
]

const everyRead = [...casReads, ...pcaReads, ...scmReads]

/** Who does what and may do what: what an auditor reads beside the objects themselves. */
const auditReads = [
  'certkeep:audit:list',
  'certkeep:audit:prove',
  'certkeep:audit:export',
  'certkeep:alarm:list',
  'certkeep:iam:simulatePolicy',
  'ram:Get*',
  'ram:List*',
  'resourcemanager:List*',
  'iam:*:get*',
  'iam:*:list*',
  'eps:*:list*',
]

/** Everything about certificates and CAs, with what is of this service only; nothing about users and rights. */
const everything = [
  'yundun-cert:*',
  'pca:*',
  'scm:*',
  'certkeep:ca:*',
  'certkeep:cert:*',
  'certkeep:audit:list',
  'certkeep:audit:prove',
  'certkeep:audit:export',
  'certkeep:alarm:*',
  'certkeep:time:*',
]

const issuing = [
  'yundun-cert:CreateClientCertificate',
  'yundun-cert:CreateServerCertificate',
  'yundun-cert:CreateRevokeClientCertificate',
  'pca:ca:issueCert',
  'pca:ca:revokeCert',
]

const administeringCas = [
  'yundun-cert:CreateRootCACertificate',
  'yundun-cert:CreateSubCACertificate',
  'yundun-cert:CreateExternalCACertificate',
  'yundun-cert:UpdateCACertificateStatus',
  'yundun-cert:TagResources',
  'yundun-cert:UntagResources',
  'yundun-cert:MoveResourceGroup',
  'certkeep:ca:move',
  'pca:ca:create',
  'pca:ca:activate',
  'pca:ca:active',
  'pca:ca:import',
  'pca:ca:enable',
  'pca:ca:disable',
  'pca:ca:delete',
  'pca:ca:restore',
  'pca:ca:revoke',
  'pca:ca:enableCrl',
  'pca:ca:disableCrl',
  'pca:ca:createTag',
  'pca:ca:deleteTag',
]

interface Definition {
  readonly name: string
  readonly description: string
  readonly grammars: readonly Grammar[]
  readonly actions: readonly string[]
}

const ram: readonly Grammar[] = ['ram-1']
const huawei: readonly Grammar[] = ['huawei-1.1', 'huawei-5.0']
const all: readonly Grammar[] = [...ram, ...huawei]

const definitions: readonly Definition[] = [
  { name: 'AdministratorAccess', description: 'Everything in the account.', grammars: all, actions: ['*'] },
  {
    name: 'AliyunYundunCertFullAccess',
    description: 'Everything in certificate management, private keys included.',
    grammars: ram,
    actions: ['yundun-cert:*'],
  },
  {
    name: 'AliyunYundunCertReadOnlyAccess',
    description:
      'Reads certificate management, but no private keys: calls that return or use one (GetUserCertificateDetail, GetCsrDetail, …) need a policy of their own.',
    grammars: ram,
    actions: casReads,
  },
  { name: 'PCA FullAccess', description: 'Everything in private CA.', grammars: huawei, actions: ['pca:*:*'] },
  {
    name: 'PCA ReadOnlyAccess',
    description: 'Reads private CA; exporting a private certificate with its key is not included.',
    grammars: huawei,
    actions: pcaReads,
  },
  { name: 'SCM FullAccess', description: 'Everything in SSL certificates.', grammars: huawei, actions: ['scm:*:*'] },
  {
    name: 'SCM ReadOnlyAccess',
    description: 'Reads SSL certificates; exporting a certificate or the private key of a CSR is not included.',
    grammars: huawei,
    actions: scmReads,
  },
  {
    name: 'CertkeepFullAccess',
    description:
      'Everything about certificates and CAs over both clouds’ calls, private keys included; no users and rights.',
    grammars: all,
    actions: everything,
  },
  {
    name: 'CertkeepReadOnlyAccess',
    description: 'Reads certificates and CAs over both clouds’ calls, but no private keys.',
    grammars: all,
    actions: everyRead,
  },
  {
    name: 'CertkeepAuditor',
    description: 'Reads everything but private keys, with the audit log, users and policies; changes nothing.',
    grammars: all,
    actions: [...everyRead, ...auditReads],
  },
  {
    name: 'CertkeepIssuer',
    description:
      'Reads, issues and revokes certificates under existing CAs. Issuing by CSR is a right of its own and not included; neither are private keys.',
    grammars: all,
    actions: [...everyRead, ...issuing],
  },
  {
    name: 'CertkeepCaAdministrator',
    description: 'Reads, creates, activates, disables, deletes, restores and revokes CAs. Issues no leaf certificates.',
    grammars: all,
    actions: [...everyRead, ...administeringCas],
  },
]

const documentOf: Record<Grammar, (actions: readonly string[]) => Record<string, unknown>> = {
  'ram-1': (actions) => ({ Version: '1', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] }),
  'huawei-1.1': (actions) => ({ Version: '1.1', Statement: [{ Effect: 'Allow', Action: actions }] }),
  'huawei-5.0': (actions) => ({ Version: '5.0', Statement: [{ Effect: 'Allow', Action: actions, Resource: ['*'] }] }),
}

/** All built-in policies, one entry for each grammar that has them. */
export const builtinPolicies: readonly BuiltinPolicy[] = definitions.flatMap(
  ({ name, description, grammars, actions }) =>
    grammars.map((grammar) => {
      const document = documentOf[grammar](actions)
      return { id: `${grammar}/${name}`, name, grammar, description, document, policy: parsePolicy(document) }
    }),
)

/** By id (`ram-1/AdministratorAccess`); undefined when there is none. */
export function builtinPolicy(id: string): BuiltinPolicy | undefined {
  return builtinPolicies.find((policy) => policy.id === id)
}
