/**
 * Every operation of the contract by the vendor's name (those of the SSL service with `scm.` before it): method and path.
 * `{…}` stands for one segment. Which of them this door speaks is told by the handlers in door.ts; the rest is refused by name.
 */
export const wireOperations = {
  KeystoneCreateUserTokenByPassword: 'POST /v3/auth/tokens',
  KeystoneValidateToken: 'GET /v3/auth/tokens',
  KeystoneListAuthDomains: 'GET /v3/auth/domains',
  KeystoneListProjects: 'GET /v3/projects',
  GetCallerIdentity: 'GET /v5/caller-identity',
  CreateTemporaryAccessKey: 'POST /v3.0/OS-CREDENTIAL/securitytokens',

  CreateCertificateAuthority: 'POST /v1/private-certificate-authorities',
  ListCertificateAuthority: 'GET /v1/private-certificate-authorities',
  ShowCertificateAuthority: 'GET /v1/private-certificate-authorities/{ca_id}',
  DeleteCertificateAuthority: 'DELETE /v1/private-certificate-authorities/{ca_id}',
  IssueCertificateAuthorityCertificate: 'POST /v1/private-certificate-authorities/{ca_id}/activate',
  ImportCertificateAuthorityCertificate: 'POST /v1/private-certificate-authorities/{ca_id}/import',
  ExportCertificateAuthorityCertificate: 'POST /v1/private-certificate-authorities/{ca_id}/export',
  ExportCertificateAuthorityCsr: 'GET /v1/private-certificate-authorities/{ca_id}/csr',
  DisableCertificateAuthority: 'POST /v1/private-certificate-authorities/{ca_id}/disable',
  EnableCertificateAuthority: 'POST /v1/private-certificate-authorities/{ca_id}/enable',
  RestoreCertificateAuthority: 'POST /v1/private-certificate-authorities/{ca_id}/restore',
  RevokeCertificateAuthority: 'POST /v1/private-certificate-authorities/{ca_id}/revoke',
  CreateCertificateAuthorityOrder: 'POST /v1/private-certificate-authorities/order',
  ShowConsoleConfig: 'GET /v1/pca/config/console',

  CreateCaTag: 'POST /v1/private-certificate-authorities/{ca_id}/tags',
  BatchCreateCaTags: 'POST /v1/private-certificate-authorities/{ca_id}/tags/create',
  BatchDeleteCaTags: 'DELETE /v1/private-certificate-authorities/{ca_id}/tags/delete',
  ListCaTags: 'GET /v1/private-certificate-authorities/{ca_id}/tags',
  ListDomainCaTags: 'GET /v1/private-certificate-authorities/tags',
  ListCaResourceInstances: 'POST /v1/private-certificate-authorities/resource-instances/filter',
  CountCaResourceInstances: 'POST /v1/private-certificate-authorities/resource-instances/count',

  CreateCertificate: 'POST /v1/private-certificates',
  CreateCertificateByCsr: 'POST /v1/private-certificates/csr',
  ParseCertificateSigningRequest: 'POST /v1/private-certificates/csr/parse',
  ListCertificate: 'GET /v1/private-certificates',
  ShowCertificate: 'GET /v1/private-certificates/{certificate_id}',
  DeleteCertificate: 'DELETE /v1/private-certificates/{certificate_id}',
  ExportCertificate: 'POST /v1/private-certificates/{certificate_id}/export',
  RevokeCertificate: 'POST /v1/private-certificates/{certificate_id}/revoke',

  CreateCertTag: 'POST /v1/private-certificates/{certificate_id}/tags',
  BatchCreateCertTags: 'POST /v1/private-certificates/{certificate_id}/tags/create',
  BatchDeleteCertTags: 'DELETE /v1/private-certificates/{certificate_id}/tags/delete',
  ListCertTags: 'GET /v1/private-certificates/{certificate_id}/tags',
  ListDomainCertTags: 'GET /v1/private-certificates/tags',
  ListCertResourceInstances: 'POST /v1/private-certificates/resource-instances/filter',
  CountCertResourceInstances: 'POST /v1/private-certificates/resource-instances/count',

  CreateAgency: 'POST /v1/private-certificate-authorities/agencies',
  ShowAgency: 'GET /v1/private-certificate-authorities/agency',
  CreateCertificateAuthorityObsAgency: 'POST /v1/private-certificate-authorities/obs/agencies',
  ShowCertificateAuthorityObsAgency: 'GET /v1/private-certificate-authorities/obs/agencies',
  ListCertificateAuthorityObsBucket: 'GET /v1/private-certificate-authorities/obs/buckets',
  EnableCertificateAuthorityCrl: 'POST /v1/private-certificate-authorities/{ca_id}/crl/enable',
  DisableCertificateAuthorityCrl: 'POST /v1/private-certificate-authorities/{ca_id}/crl/disable',
  UpdateOcspSwitch: 'POST /v1/private-certificate-authorities/{ca_id}/ocsp/switch',
  ShowCertificateAuthorityQuota: 'GET /v1/private-certificate-authorities/quotas',
  ShowCertificateQuota: 'GET /v1/private-certificates/quotas',

  'scm.ListCertificates': 'GET /v3/scm/certificates',
  'scm.ImportCertificate': 'POST /v3/scm/certificates/import',
  'scm.SubscribeCertificate': 'POST /v3/scm/certificates/buy',
  'scm.ShowCertificate': 'GET /v3/scm/certificates/{certificate_id}',
  'scm.DeleteCertificate': 'DELETE /v3/scm/certificates/{certificate_id}',
  'scm.ExportCertificate': 'POST /v3/scm/certificates/{certificate_id}/export',
  'scm.ApplyCertificate': 'POST /v3/scm/certificates/{certificate_id}/apply',
  'scm.CancelCertificateRequest': 'POST /v3/scm/certificates/{certificate_id}/cancel-cert',
  'scm.PushCertificate': 'POST /v3/scm/certificates/{certificate_id}/push',
  'scm.BatchPushCertificate': 'POST /v3/scm/certificates/{certificate_id}/batch-push',
  'scm.DeployCertificate': 'POST /v3/scm/certificates/{certificate_id}/deploy',
  'scm.UnsubscribeCertificate': 'DELETE /v3/scm/certificates/{cert_id}/unsubscribe',
  'scm.ListDeployedResources': 'POST /v3/scm/deployed-resources',
  'scm.CreateCsr': 'POST /v3/scm/csr',
  'scm.ListCsr': 'GET /v3/scm/csr',
  'scm.UploadCsr': 'POST /v3/scm/csr/upload',
  'scm.ShowCsr': 'GET /v3/scm/csr/{id}',
  'scm.UpdateCsr': 'PUT /v3/scm/csr/{id}',
  'scm.DeleteCsr': 'DELETE /v3/scm/csr/{id}',
  'scm.ShowCsrPrivateKey': 'GET /v3/scm/csr/{id}/private-key',
  'scm.ListAllTags': 'GET /v3/scm/tags',
  'scm.ListTagsByCertificate': 'GET /v3/scm/{resource_id}/tags',
  'scm.CreateCertificateTag': 'POST /v3/scm/{resource_id}/tags',
  'scm.BatchCreateOrDeleteTags': 'POST /v3/scm/{resource_id}/tags/action',
  'scm.ListCertificatesByTag': 'POST /v3/scm/resource_instances/action',
  'scm.EnableNotification': 'POST /v3/scm/notification/enable',
  'scm.DisableNotification': 'POST /v3/scm/notification/disable',
} as const

export type WireOperation = keyof typeof wireOperations

export type RouteResult =
  /** `id` is what stood in the path for the one parameter that a path has, percent-decoded; empty for a path without one. */
  | { kind: 'found'; name: WireOperation; id: string }
  /** The path is known under these methods only. */
  | { kind: 'wrongMethod'; allowed: readonly string[] }
  | { kind: 'unknown' }

interface Pattern {
  name: WireOperation
  method: string
  segments: readonly string[]
}

const isParameter = (segment: string): boolean => segment.startsWith('{')

/** Words before parameters, from the left: `/tags` is the account's tags, and no CA of that id. */
function byPrecedence(a: Pattern, b: Pattern): number {
  const at = a.segments.findIndex((segment, index) => isParameter(segment) !== isParameter(b.segments[index]!))
  return at < 0 ? 0 : isParameter(a.segments[at]!) ? 1 : -1
}

const patternsByLength = new Map<number, Pattern[]>()
for (const [name, route] of Object.entries(wireOperations)) {
  const [method = '', path = ''] = route.split(' ')
  const segments = path.split('/')
  const patterns = patternsByLength.get(segments.length) ?? []
  patterns.push({ name: name as WireOperation, method, segments })
  patternsByLength.set(segments.length, patterns)
}
for (const patterns of patternsByLength.values()) patterns.sort(byPrecedence)

/**
 * Which operation a request is for. A path is matched as it stands, without tolerance for empty or trailing segments: a DELETE whose id
 * got lost must not become another call.
 * @param path of the request line, without its query
 */
export function route(method: string, path: string): RouteResult {
  const segments = path.split('/')
  const matching = (patternsByLength.get(segments.length) ?? []).filter((pattern) => matches(pattern, segments))
  const found = matching.find((pattern) => pattern.method === method.toUpperCase())
  if (found) {
    const at = found.segments.findIndex(isParameter)
    return { kind: 'found', name: found.name, id: at < 0 ? '' : decoded(segments[at]!) }
  }
  if (matching.length === 0) return { kind: 'unknown' }
  return { kind: 'wrongMethod', allowed: [...new Set(matching.map((pattern) => pattern.method))].toSorted() }
}

const matches = (pattern: Pattern, segments: readonly string[]): boolean =>
  pattern.segments.every((segment, index) =>
    isParameter(segment) ? segments[index] !== '' : segment === segments[index],
  )

/** What cannot be decoded stays as it is: no id looks like that, so its reader refuses it. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
