import { alibaba, huawei, own, type Answer, type Caller } from '../support/client.ts'
import type { Service } from '../support/service.ts'

/** Somebody at the doors of the service. */
export interface AtTheDoors {
  huawei(method: string, target: string, body?: unknown): Promise<Answer>
  alibaba(action: string, parameters?: Record<string, string>): Promise<Answer>
  own(operation: string, input?: unknown): Promise<Answer>
}

export const atTheDoors = ({ url }: Pick<Service, 'url'>, caller: Caller): AtTheDoors => ({
  huawei: (method, target, body) => huawei(url, caller, method, target, body),
  alibaba: (action, parameters = {}) => alibaba(url, caller, action, parameters, { form: true }),
  own: (operation, input = {}) => huawei(url, caller, 'POST', `/api/${operation}`, input),
})

export const cas = '/v1/private-certificate-authorities'
export const certificates = '/v1/private-certificates'
export const nobodys = '11111111-2222-4333-8444-555555555555'
/** A number that no certificate has. */
export const nobodysNumber = '9007199254740991'

export const subject = {
  common_name: 'IAM CA',
  country: 'CN',
  state: 'Sichuan',
  locality: 'Chengdu',
  organization: 'Example',
  organizational_unit: 'Tests',
}

/** A subordinate that waits for its certificate: quickly made, and it may be deleted at once. */
export const aPendingCa = { type: 'SUBORDINATE', distinguished_name: subject, key_algorithm: 'EC256' }

export const aLeaf = (issuerId: string, commonName = 'www.example.test') => ({
  issuer_id: issuerId,
  key_algorithm: 'EC256',
  signature_algorithm: 'SHA256',
  distinguished_name: { common_name: commonName },
  validity: { type: 'DAY', value: 30 },
})

export async function pendingCa(service: Service, more: object = {}): Promise<string> {
  const { body } = await huawei(service.url, service.credentials, 'POST', cas, { ...aPendingCa, ...more })
  return body.ca_id as string
}

/** Uploads a certificate as the administrator, and gives its number. */
export async function uploaded(
  service: Service,
  name: string,
  { certificate: Cert, privateKey: Key }: { certificate: string; privateKey: string },
): Promise<string> {
  const parameters = { Name: name, Cert, Key }
  const { body } = await alibaba(service.url, service.credentials, 'UploadUserCertificate', parameters, { form: true })
  return String(body.CertId)
}

/** The audit log of the first account, newest first. */
export const auditEntries = async (
  { url, credentials }: Service,
  objectId?: string,
): Promise<{ operation: string; outcome: string; userName: string }[]> =>
  (await own(url, credentials, 'ListAuditEntries', { limit: 1_000, ...(objectId === undefined ? {} : { objectId }) }))
    .rows

const allow = (version: string) => (Action: readonly string[], more: object) => ({
  Version: version,
  Statement: [{ Effect: 'Allow', Action, ...more }],
})
const deny = (version: string) => (Action: readonly string[], more: object) => ({
  Version: version,
  Statement: [{ Effect: 'Deny', Action, ...more }],
})
/** Policies of one statement, in each grammar. */
export const ram = {
  allow: (Action: readonly string[], more: object = {}) => allow('1')(Action, { Resource: '*', ...more }),
  deny: (Action: readonly string[], more: object = {}) => deny('1')(Action, { Resource: '*', ...more }),
}
export const huawei11 = {
  allow: (Action: readonly string[], more: object = {}) => allow('1.1')(Action, more),
  deny: (Action: readonly string[], more: object = {}) => deny('1.1')(Action, more),
}
export const huawei50 = {
  allow: (Action: readonly string[], more: object = {}) => allow('5.0')(Action, more),
  deny: (Action: readonly string[], more: object = {}) => deny('5.0')(Action, more),
}
