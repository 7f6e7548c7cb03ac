/** What each problem of the core is in this dialect. Own codes are listed in docs/divergences/alibaba.md. */
import type { AccessDenial, DryRunResult, Problem } from '../../kernel/index.ts'
import type { Principal } from '../../iam/index.ts'
import type { ProblemCode } from '../problem-codes.ts'
import {
  AlibabaWireError,
  commonErrors,
  invalidParameter,
  noPermission,
  throttled,
  type CommonErrorCode,
} from './errors.ts'

interface WireError {
  status: number
  code: string
  /** The vendor's text; absent, the core's is shown. */
  message?: string
  /** A code that no document of the vendor has. */
  own?: true
}

const common = (code: CommonErrorCode): WireError => ({ code, ...commonErrors[code] })
const refused = (code: string): WireError => ({ status: 400, code })
const own = (code: string): WireError => ({ status: 400, code, own: true })
/** By a guard: nothing that trying again, or other rights, would change. */
const stopped = (code: string): WireError => ({ status: 403, code, own: true })

/**
 * Clients take any 404 of a deletion for "already gone" (contract alibaba-cas, DeleteUserCertificate), so no problem of a deletion
 * but that one has this status. (AssumeRole's is the vendor's own.)
 */
export const wireProblems = {
  AccessDenied: common('NoPermission'),
  Throttled: common('Throttling.User'),
  InputInvalid: common('InvalidParameter'),
  Replayed: common('SignatureNonceUsed'),
  Unavailable: common('ServiceUnavailable'),
  InsecureTransport: common('InvalidProtocol.NeedSsl'),
  ChangedMeanwhile: common('OperationConflict'),

  CertificateNotFound: { status: 404, code: 'NotFound' },
  CertificateChanged: common('OperationConflict'),
  CertificateStateForbids: own('CertificateStateForbids'),
  StillValid: own('CertificateStillValid'),
  NameTaken: refused('NameRepeat'),
  CertificateUnreadable: own('CertificateFormatException'),
  PrivateKeyUnreadable: refused('PrivateKeyFormatException'),
  KeyMismatch: refused('NotMatch.CertificateAndPrivateKey'),
  ChainMismatch: own('NotMatch.CertificateChain'),
  KeyGenerationBusy: common('ServiceUnavailable'),
  SmNotSupported: own('SmNotSupported'),

  CallerGone: common('InvalidAccessKeyId.Inactive'),
  CredentialsWrong: own('CredentialsWrong'),
  PasswordUnfit: own('PasswordUnfit'),
  LastAdministrator: own('LastAdministrator'),
  UserNotFound: own('UserNotFound'),
  UserNameTaken: own('UserNameTaken'),
  UserInUse: own('UserInUse'),
  TooManyUserTags: own('TooManyUserTags'),
  NotForTemporaryKeys: own('NotForTemporaryKeys'),
  AccessKeyNotFound: own('AccessKeyNotFound'),
  AccessKeyLimit: own('AccessKeyLimit'),
  AccessKeyInUse: own('AccessKeyInUse'),
  GroupNotFound: own('GroupNotFound'),
  GroupNameTaken: own('GroupNameTaken'),
  GroupInUse: own('GroupInUse'),
  NotAMember: own('NotAMember'),
  RoleNotFound: { status: 404, code: 'EntityNotExist.Role', message: 'The specified role not exists.' },
  RoleNameTaken: own('RoleNameTaken'),
  RoleInUse: own('RoleInUse'),
  RoleNotTrusting: common('NoPermission'),
  TrustPolicyInvalid: own('TrustPolicyInvalid'),
  SessionTooLong: refused('InvalidParameter.DurationSeconds'),
  SessionPolicyInvalid: refused('InvalidParameter.PolicyGrammar'),
  PolicyNotFound: own('PolicyNotFound'),
  PolicyNameTaken: own('PolicyNameTaken'),
  PolicyInvalid: own('PolicyInvalid'),
  PolicyNotAttached: own('PolicyNotAttached'),
  PolicyInUse: own('PolicyInUse'),
  PolicyVersionNotFound: own('PolicyVersionNotFound'),
  PolicyVersionLimit: own('PolicyVersionLimit'),
  PolicyVersionInUse: own('PolicyVersionInUse'),
  ResourceGroupNotFound: own('ResourceGroupNotFound'),
  ResourceGroupNameTaken: own('ResourceGroupNameTaken'),

  ValidityInvalid: own('ValidityInvalid'),
  SubjectInvalid: own('SubjectInvalid'),
  LintForbids: own('LintForbids'),
  KeyRefused: own('KeyRefused'),
  RequestUnreadable: own('RequestUnreadable'),
  SerialTaken: common('ServiceUnavailable'),
  KeyUnavailable: common('ServiceUnavailable'),

  CaNotFound: own('CaNotFound'),
  CaStateForbids: own('CaStateForbids'),
  CaRevoked: own('CaRevoked'),
  CaChanged: common('OperationConflict'),
  CaKeyIsOutside: own('CaKeyIsOutside'),
  IssuerUnusable: own('IssuerUnusable'),
  IssuerPathExhausted: own('IssuerPathExhausted'),
  ValidityBeyondIssuer: own('ValidityBeyondIssuer'),
  TooManyTags: own('TooManyTags'),
  CaKeyUnreadable: own('CaKeyUnreadable'),
  CertificateNotOfThisCa: own('CertificateNotOfThisCa'),

  AuditEntryNotFound: own('AuditEntryNotFound'),
  AuditSizeUnknown: own('AuditSizeUnknown'),

  AlreadyRevoked: own('AlreadyRevoked'),
  NotRevocable: own('NotRevocable'),
  CrlSuperseded: common('OperationConflict'),
  CrlLacksEntry: common('OperationConflict'),
  IssuerKeyDestroyed: own('IssuerKeyDestroyed'),

  ApprovalRequired: stopped('ApprovalRequired'),
  DeletionProtected: stopped('DeletionProtected'),
  InUse: stopped('InUse'),
  DailyCapReached: stopped('DailyCapReached'),
  ApprovalNotFound: own('ApprovalNotFound'),
  ApprovalStateForbids: own('ApprovalStateForbids'),
  ApprovalChanged: common('OperationConflict'),
  ApproverUnfit: stopped('ApproverUnfit'),
  NotTheRequester: stopped('NotTheRequester'),
  DryRunOperation: own('DryRunOperation'),
  DryRunNotSupported: own('DryRunNotSupported'),
} satisfies Record<ProblemCode, WireError>

/** What of a call its refusals show. */
export interface RefusedCall {
  /** As policies name it. */
  ramAction: string
  requestId: string
  principal: Principal
  /** The parameter behind each field of the core's input. */
  fields: Readonly<Record<string, string>>
}

/** A problem as this wire says it; undefined for a code that no operation may answer with, which is a failure of ours. */
export function wireError(problem: Problem, call: RefusedCall): AlibabaWireError | undefined {
  if (!Object.hasOwn(wireProblems, problem.code)) return undefined
  const code = problem.code as ProblemCode
  if (code === 'AccessDenied') return accessDenied(problem.details as Partial<AccessDenial>, call)
  if (code === 'Throttled') return throttled('Throttling.User', Number(problem.details['retryAfterMs']))
  if (code === 'InputInvalid') return inputInvalid(problem, call)
  const known: WireError = wireProblems[code]
  const { operation, objectType, objectId, facts } = problem.details as Partial<DryRunResult>
  return new AlibabaWireError({
    status: known.status,
    code: known.code,
    message: known.message ?? sentence(problem.message),
    cause: problem,
    ...(code === 'DryRunOperation' && {
      // As text, because clients refuse the null in a document that stands for what there is not.
      extra: {
        members: {
          DryRunResult: {
            Operation: operation,
            ObjectType: objectType,
            ObjectId: objectId,
            Facts: JSON.stringify(facts),
          },
        },
      },
    }),
  })
}

/** Contract alibaba-ram §7. The same text whatever the object of the call is, and whether it is there. */
function accessDenied({ decision, policyType }: Partial<AccessDenial>, call: RefusedCall): AlibabaWireError {
  const { user, account, session } = call.principal
  return noPermission({
    AuthAction: call.ramAction,
    ...(session?.role
      ? { AuthPrincipalType: 'AssumedRoleUser', AuthPrincipalDisplayName: user.name }
      : { AuthPrincipalType: 'SubUser', AuthPrincipalDisplayName: user.decimalId }),
    AuthPrincipalOwnerId: account.id,
    NoPermissionType: decision === 'explicitDeny' ? 'ExplicitDeny' : 'ImplicitDeny',
    ...(policyType === undefined ? {} : { PolicyType: policyType }),
    // Opaque to the caller; who runs the service finds the refusal in the audit log by it.
    EncodedDiagnosticMessage: Buffer.from(call.requestId).toString('base64'),
  })
}

/** The core names its own field, under which the parameter stands. What lies deeper is named by the caller: not repeated. */
function inputInvalid({ details }: Problem, { fields }: RefusedCall): AlibabaWireError {
  const [field = '', ...deeper] = String(details['field']).split('.')
  const parameter = Object.hasOwn(fields, field) ? fields[field]! : ''
  return invalidParameter(parameter, deeper.length === 0 ? sentence(`it ${String(details['reason'])}`) : undefined)
}

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
