import type { ShownState } from '../../ca/index.ts'
import type { CertificateState } from '../../certificates/index.ts'
import { kernelProblems, type Problem } from '../../kernel/index.ts'
import type { ProblemCode } from '../problem-codes.ts'
import { gatewayErrors, HuaweiWireError, iamErrors, pcaErrors, scmErrors, type WireCode } from './errors.ts'
import { wireCaState, wireCertificateState } from './views.ts'

type Details = Problem['details']

interface WireError extends WireCode {
  /** The text of the answer, where the core's own uses words that this wire spells differently. */
  text?: (details: Details) => string
  headers?: (details: Details) => Record<string, string>
  /** Further members of the body. */
  members?: (details: Details) => Record<string, unknown>
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Missing CAs and certificates: the code that the live service shows with the status that it documents (huawei-ca-lifecycle.md §2). */
const notFound: WireCode = { status: 404, code: pcaErrors.notFound.code }
/** Nobody was found behind the credentials any more, in the middle of the call. */
const gone: WireCode = gatewayErrors.authenticationFailed

/**
 * What each problem of the core is on this wire. Codes `PCA.100109..` are of our own choosing: docs/divergences/huawei.md lists them.
 * Problems of users, policies and uploads cannot come out of an operation that this door has; a new one that can gets its own code here.
 */
export const wireProblems = {
  AccessDenied: { status: 403, code: 'PCA.10010910' },
  Throttled: {
    status: 429,
    code: 'PCA.10010911',
    headers: ({ retryAfterMs }) => ({ 'Retry-After': String(Math.ceil(Number(retryAfterMs) / 1_000)) }),
  },
  Unavailable: { status: 503, code: 'PCA.10010912' },
  InsecureTransport: { status: 403, code: 'PCA.10010914' },
  ChangedMeanwhile: { status: 400, code: 'PCA.10010913' },
  InputInvalid: {
    ...pcaErrors.parameterInvalid,
    text: ({ field, reason }) => kernelProblems.InputInvalid({ field: wireName(text(field)), reason: text(reason) }),
  },
  Replayed: gone,

  CallerGone: gone,
  CredentialsWrong: iamErrors.unauthorized,
  PasswordUnfit: iamErrors.badRequest,
  LastAdministrator: iamErrors.conflict,
  UserNotFound: iamErrors.notFound,
  UserNameTaken: iamErrors.conflict,
  UserInUse: iamErrors.conflict,
  TooManyUserTags: iamErrors.badRequest,
  NotForTemporaryKeys: iamErrors.forbidden,
  AccessKeyNotFound: iamErrors.notFound,
  AccessKeyLimit: iamErrors.conflict,
  AccessKeyInUse: iamErrors.conflict,
  GroupNotFound: iamErrors.notFound,
  GroupNameTaken: iamErrors.conflict,
  GroupInUse: iamErrors.conflict,
  NotAMember: iamErrors.notFound,
  RoleNotFound: iamErrors.notFound,
  RoleNameTaken: iamErrors.conflict,
  RoleInUse: iamErrors.conflict,
  RoleNotTrusting: iamErrors.forbidden,
  TrustPolicyInvalid: iamErrors.badRequest,
  SessionTooLong: iamErrors.badRequest,
  SessionPolicyInvalid: iamErrors.badRequest,
  PolicyNotFound: iamErrors.notFound,
  PolicyNameTaken: iamErrors.conflict,
  PolicyInvalid: iamErrors.badRequest,
  PolicyNotAttached: iamErrors.notFound,
  PolicyInUse: iamErrors.conflict,
  PolicyVersionNotFound: iamErrors.notFound,
  PolicyVersionLimit: iamErrors.conflict,
  PolicyVersionInUse: iamErrors.conflict,
  ResourceGroupNotFound: iamErrors.notFound,
  ResourceGroupNameTaken: iamErrors.conflict,

  ValidityInvalid: pcaErrors.validityInvalid,
  SubjectInvalid: pcaErrors.subjectInvalid,
  LintForbids: { status: 400, code: 'PCA.10010920' },
  KeyRefused: { status: 400, code: 'PCA.10010921' },
  RequestUnreadable: { status: 400, code: 'PCA.10010922' },
  SerialTaken: { status: 503, code: 'PCA.10010923' },
  KeyUnavailable: { status: 503, code: 'PCA.10010924' },

  CaNotFound: notFound,
  CaStateForbids: {
    status: 400,
    code: 'PCA.10010901',
    text: ({ act, state, hint }) =>
      `${text(act)} is not possible while the CA is ${wireCaState(state as ShownState)}${hint ? `; ${text(hint)}` : ''}`,
  },
  CaRevoked: { status: 400, code: 'PCA.10010902' },
  CaChanged: { status: 400, code: 'PCA.10010903' },
  CaKeyIsOutside: { status: 400, code: 'PCA.10010904' },
  IssuerUnusable: {
    status: 400,
    code: 'PCA.10010905',
    text: ({ state }) => `the issuing CA cannot issue: it is ${wireCaState(state as ShownState)}`,
  },
  ValidityBeyondIssuer: { status: 400, code: 'PCA.10010906' },
  TooManyTags: { status: 400, code: 'PCA.10010907' },
  CertificateNotOfThisCa: { status: 400, code: 'PCA.10010908' },
  CaKeyUnreadable: { status: 400, code: 'PCA.10010909' },
  IssuerPathExhausted: pcaErrors.pathLengthInvalid,

  CertificateNotFound: notFound,
  CertificateStateForbids: {
    status: 400,
    code: 'PCA.10010930',
    text: ({ act, state }) =>
      `${text(act)} is not possible while the certificate is ${wireCertificateState(state as CertificateState)}`,
  },
  CertificateChanged: { status: 400, code: 'PCA.10010931' },
  KeyGenerationBusy: { status: 503, code: 'PCA.10010932' },
  StillValid: scmErrors.stateForbids,
  NameTaken: scmErrors.certificateNameInvalid,
  CertificateUnreadable: scmErrors.certificateUnparsable,
  PrivateKeyUnreadable: scmErrors.privateKeyUnparsable,
  KeyMismatch: scmErrors.keyDoesNotMatch,
  ChainMismatch: scmErrors.chainDoesNotFit,
  SmNotSupported: scmErrors.privateKeyFormatUnsupported,

  AuditEntryNotFound: { status: 404, code: 'PCA.10010960' },
  AuditSizeUnknown: { status: 400, code: 'PCA.10010961' },

  AlreadyRevoked: { status: 400, code: 'PCA.10010940' },
  NotRevocable: { status: 400, code: 'PCA.10010941' },
  IssuerKeyDestroyed: { status: 400, code: 'PCA.10010942' },
  CrlSuperseded: { status: 503, code: 'PCA.10010943' },
  CrlLacksEntry: { status: 503, code: 'PCA.10010943' },

  ApprovalRequired: { status: 403, code: 'PCA.10010950' },
  DeletionProtected: { status: 403, code: 'PCA.10010951' },
  InUse: { status: 403, code: 'PCA.10010952' },
  DailyCapReached: { status: 403, code: 'PCA.10010953' },
  ApprovalNotFound: { status: 404, code: 'PCA.10010954' },
  ApprovalStateForbids: { status: 400, code: 'PCA.10010955' },
  ApprovalChanged: { status: 400, code: 'PCA.10010956' },
  ApproverUnfit: { status: 403, code: 'PCA.10010957' },
  NotTheRequester: { status: 403, code: 'PCA.10010958' },
  DryRunOperation: {
    status: 400,
    code: 'DryRunOperation',
    // Clients show code and message and nothing else of a body.
    text: ({ operation, facts }) =>
      `${text(operation)} would have been done; this was a dry run, and nothing was done: ${JSON.stringify(facts)}`,
    members: ({ operation, objectType, objectId, facts }) => ({
      dry_run: { operation, object_type: objectType, object_id: objectId, facts },
    }),
  },
  DryRunNotSupported: { status: 400, code: 'DryRunNotSupported' },
} satisfies Record<ProblemCode, WireError>

/** A problem as this wire says it; undefined for a code that is no problem of an operation (then it is a failure of ours). */
export function wireError(problem: Problem): HuaweiWireError | undefined {
  if (!Object.hasOwn(wireProblems, problem.code)) return undefined
  const known: WireError = wireProblems[problem.code as ProblemCode]
  const { details, message } = problem
  return new HuaweiWireError(
    known,
    known.text?.(details) ?? message,
    known.headers?.(details),
    known.members?.(details),
  )
}

/** Fields of the core's inputs are named as on this wire, but for the casing and what stands here. */
const otherNames: Readonly<Record<string, string>> = { signatureHash: 'signature_algorithm' }

const wireName = (field: string): string =>
  otherNames[field] ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
