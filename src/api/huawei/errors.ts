import { Refusal } from '../../kernel/index.ts'

/** HTTP status and wire code of one documented refusal. */
export interface WireCode {
  status: number
  code: string
}

/** Longest `error_msg` that the clouds' error body declares (huawei-ccm.json, schema ccm.Error). */
const maxMessageLength = 1024

/**
 * The one error of this door: what a reader, the authentication or a wired operation refuses with. `message` goes out to the
 * caller, so whoever throws it names fields and rules, never received values.
 */
export class HuaweiWireError extends Refusal {
  readonly status: number
  readonly code: string
  /** Of the answer, besides those that every answer has. */
  readonly headers: Readonly<Record<string, string>>
  /** Of the body, besides those of every error. */
  readonly members: Readonly<Record<string, unknown>>

  constructor(
    wire: WireCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    members: Readonly<Record<string, unknown>> = {},
  ) {
    super(message.length > maxMessageLength ? `${message.slice(0, maxMessageLength - 1)}…` : message)
    this.name = 'HuaweiWireError'
    this.status = wire.status
    this.code = wire.code
    this.headers = headers
    this.members = members
  }
}

/** Whoever signed does not hold the secret of the key, or there is no such key. */
export class WrongSignature extends HuaweiWireError {}

/** Private CA codes (huawei-ca-lifecycle.md §15.1): documented ones, then those only observed on the live service. */
export const pcaErrors = {
  parameterInvalid: { status: 400, code: 'PCA.00020001' },
  subjectInvalid: { status: 400, code: 'PCA.00020101' },
  keyAlgorithmUnsupported: { status: 400, code: 'PCA.00020102' },
  signatureHashUnsupported: { status: 400, code: 'PCA.00020103' },
  validityInvalid: { status: 400, code: 'PCA.00020109' },
  dnsNameInvalid: { status: 400, code: 'PCA.00020110' },
  ipAddressInvalid: { status: 400, code: 'PCA.00020111' },
  alternativeNameKindInvalid: { status: 400, code: 'PCA.00020112' },
  caIdInvalid: { status: 400, code: 'PCA.00020201' },
  caTypeInvalid: { status: 400, code: 'PCA.00020202' },
  pathLengthInvalid: { status: 400, code: 'PCA.00020203' },
  notFoundDocumented: { status: 404, code: 'PCA.00030102' },
  notFound: { status: 400, code: 'PCA.10010002' },
  ocspAlreadyOn: { status: 403, code: 'PCA.10010071' },
  ocspAlreadyOff: { status: 403, code: 'PCA.10010072' },
  idMalformed: { status: 400, code: 'PCA.10010105' },
} as const satisfies Record<string, WireCode>

/** SSL certificate codes (huawei-ca-lifecycle.md §15.2); 400 stands in where the source names no status. */
export const scmErrors = {
  accountMismatch: { status: 403, code: 'SCM.0002' },
  parameterInvalid: { status: 400, code: 'SCM.0005' },
  downloadFailed: { status: 500, code: 'SCM.0007' },
  certificateNumberAbnormal: { status: 400, code: 'SCM.0008' },
  certificateNamesNoDomain: { status: 400, code: 'SCM.0009' },
  stateForbids: { status: 400, code: 'SCM.0010' },
  privateKeyUnparsable: { status: 400, code: 'SCM.0012' },
  chainUnparsable: { status: 400, code: 'SCM.0013' },
  keyDoesNotMatch: { status: 400, code: 'SCM.0014' },
  domainsDoNotFit: { status: 400, code: 'SCM.0015' },
  orderAbnormal: { status: 500, code: 'SCM.0016' },
  certificateIdWrong: { status: 400, code: 'SCM.0020' },
  serviceNotPushable: { status: 400, code: 'SCM.0030' },
  certificateUnparsable: { status: 400, code: 'SCM.0031' },
  certificateNameInvalid: { status: 400, code: 'SCM.0032' },
  encryptionFailed: { status: 500, code: 'SCM.0037' },
  decryptionFailed: { status: 500, code: 'SCM.0038' },
  pemFrameWrong: { status: 400, code: 'SCM.0053' },
  certificateContentMissing: { status: 400, code: 'SCM.0054' },
  privateKeyEmpty: { status: 400, code: 'SCM.0059' },
  projectNotFound: { status: 400, code: 'SCM.0069' },
  certificateDomainMalformed: { status: 400, code: 'SCM.0070' },
  chainDoesNotFit: { status: 400, code: 'SCM.0079' },
  privateKeyFormatUnsupported: { status: 400, code: 'SCM.0114' },
  elbPushRefused: { status: 400, code: 'SCM.0201' },
  elbForbidden: { status: 400, code: 'SCM.0202' },
  elbPushFailed: { status: 400, code: 'SCM.0203' },
  cdnPushRefused: { status: 400, code: 'SCM.0211' },
  cdnForbidden: { status: 400, code: 'SCM.0212' },
  cdnPushFailed: { status: 500, code: 'SCM.0213' },
  wafPushRefused: { status: 400, code: 'SCM.0221' },
  wafForbidden: { status: 400, code: 'SCM.0222' },
  wafPushFailed: { status: 500, code: 'SCM.0223' },
  csrNotFound: { status: 400, code: 'SCM.0707' },
  tokenRefused: { status: 401, code: 'SCM.1000' },
  accountNotAdmitted: { status: 401, code: 'SCM.1004' },
  accountRestricted: { status: 401, code: 'SCM.1009' },
  accountFrozen: { status: 401, code: 'SCM.1010' },
  authorizationFailed: { status: 500, code: 'SCM.4001' },
  forbidden: { status: 401, code: 'SCM.4002' },
} as const satisfies Record<string, WireCode>

/** Codes of the gateway that stands in front of the real services (huawei-ca-lifecycle.md §15.3). */
export const gatewayErrors = {
  authenticationFailed: { status: 401, code: 'APIG.0301' },
  appAuthenticationFailed: { status: 401, code: 'APIG.0303' },
} as const satisfies Record<string, WireCode>

/** IAM answers in the Keystone shape, which shows the status only; the codes serve our logs. */
export const iamErrors = {
  badRequest: { status: 400, code: 'IAM.0400' },
  unauthorized: { status: 401, code: 'IAM.0401' },
  forbidden: { status: 403, code: 'IAM.0403' },
  notFound: { status: 404, code: 'IAM.0404' },
  methodNotAllowed: { status: 405, code: 'IAM.0405' },
  conflict: { status: 409, code: 'IAM.0409' },
  internal: { status: 500, code: 'IAM.0500' },
  unavailable: { status: 503, code: 'IAM.0503' },
} as const satisfies Record<string, WireCode>

/** Codes of our own choosing, where the clouds' code is unknown: see docs/divergences/huawei.md. An error that nobody declared tells nothing. */
export const ownErrors = {
  pcaInternal: { status: 500, code: 'PCA.10010900' },
  pcaUnsupported: { status: 400, code: 'PCA.10010990' },
  pcaPathUnknown: { status: 404, code: 'PCA.10010991' },
  pcaMethodNotAllowed: { status: 405, code: 'PCA.10010992' },
  scmInternal: { status: 500, code: 'SCM.9000' },
  scmUnsupported: { status: 400, code: 'SCM.9090' },
  scmPathUnknown: { status: 404, code: 'SCM.9091' },
  scmMethodNotAllowed: { status: 405, code: 'SCM.9092' },
} as const satisfies Record<string, WireCode>
