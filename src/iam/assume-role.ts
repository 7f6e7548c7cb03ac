import Type from 'typebox'
import { operation, type Caller, type ResourceRule } from '../kernel/index.ts'
import { newAccessKeyId, newAccessKeySecret, newToken, tokenHash } from '../keys/index.ts'
import { contextOf } from './judge.ts'
import { nameInput, type IamNeeds } from './needs.ts'
import { parsePolicy } from './policies/parse.ts'
import { PolicyError } from './policies/policy.ts'
import { parseTrustPolicy, trusts } from './policies/trust.ts'
import { principalNames, type Principal } from './principal.ts'
import { temporaryKeyPrefix } from './principals.ts'
import { problem } from './problems.ts'
import type { Account, IamStore, Role, Session } from './store.ts'

/** Access key, secret and token belong together: none works without the others. */
export interface TemporaryKey {
  accessKeyId: string
  accessKeySecret: string
  securityToken: string
  /** Milliseconds since 1970, wall clock. */
  expiresAt: number
}

const accountInput = Type.Union([
  Type.Object({ id: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
  Type.Object({ domainId: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
  Type.Object({ name: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
])
type AccountInput = { id: string } | { domainId: string } | { name: string }

const sessionPolicyInput = Type.String({ minLength: 1, maxLength: 2_048 })

const assumeInput = Type.Object(
  {
    /** Whose the role is, as the caller names it. */
    account: accountInput,
    roleName: nameInput,
    sessionName: Type.String({ pattern: '^[A-Za-z0-9.@_-]{2,64}$' }),
    durationSeconds: Type.Optional(Type.Integer({ minimum: 900, maximum: 86_400 })),
    /** In any grammar: the key may do what the role may and this allows. */
    policy: Type.Optional(sessionPolicyInput),
    externalId: Type.Optional(Type.String({ minLength: 2, maxLength: 1_224 })),
  },
  { additionalProperties: false },
)

interface AssumeInput {
  account: AccountInput
  roleName: string
}

/** What there is of it. */
interface FoundRole {
  account: Account | undefined
  role: Role | undefined
}

const theRoleToTake: ResourceRule<AssumeInput, FoundRole, { iam: IamStore }> = {
  async find({ account: reference, roleName }, { iam }) {
    const account = await iam.account(reference)
    return { account, role: account && (await iam.roleByName(account.id, roleName)) }
  },
  // The account is there or not for all to see (a login says it too); what roles it has is not told by this.
  attributes: ({ account: reference, roleName }, found) => ({
    type: 'role',
    id: roleName,
    owner: {
      accountId: found?.account?.id ?? ('id' in reference ? reference.id : '*'),
      domainId: found?.account?.domainId ?? ('domainId' in reference ? reference.domainId : '*'),
    },
  }),
  missing: undefined,
}

const defaultSeconds = 3_600
/** What a temporary key obtains lasts no longer than this: else one would beget the next for ever. */
const maxChainedSeconds = 3_600

/**
 * A temporary key with the rights of a role, for whom the role's trust policy lets take it, and who may call this at all (RAM §6).
 * It ends with its time, with the role, and with the user or the access key that asked for it. Of another account's roles it is
 * not told which there are.
 */
export const assumeRole = operation<IamNeeds>()({
  name: 'AssumeRole',
  summary: 'Take a role for a while: a temporary access key',
  access: 'write',
  actions: ['sts:AssumeRole', 'sts:agencies:assume', 'iam:tokens:assume'],
  revealsSecret: true,
  input: assumeInput,
  resource: theRoleToTake,
  problems: ['RoleNotFound', 'RoleNotTrusting', 'SessionTooLong', 'SessionPolicyInvalid'],
  run(input, { account, role }, deps, caller) {
    const { roleName, sessionName, durationSeconds = defaultSeconds, policy, externalId } = input
    const principal = deps.principals.principalOf(caller)
    if (account?.id === caller.accountId && !role) throw problem('RoleNotFound', { roleName })
    if (!account || !role) throw problem('RoleNotTrusting')
    const facts = {
      sourceIp: caller.sourceIp,
      secureTransport: caller.secureTransport,
      currentTime: deps.wallClock.now(),
      ...(externalId === undefined ? {} : { serviceAttributes: { 'sts:externalid': externalId } }),
    }
    const trust = parseTrustPolicy(role.trustPolicy, { lenient: true })
    if (!trusts(trust, principalNames(principal).arn, contextOf(principal, facts))) throw problem('RoleNotTrusting')
    const maxSeconds = principal.session ? Math.min(role.maxSessionSeconds, maxChainedSeconds) : role.maxSessionSeconds
    if (durationSeconds > maxSeconds) throw problem('SessionTooLong', { maxSeconds })

    const { key, session } = newSession(deps, principal, caller, {
      accountId: account.id,
      roleId: role.id,
      name: sessionName,
      policy: checkedPolicy(policy),
      seconds: durationSeconds,
    })
    return Promise.resolve({
      answer: {
        ...key,
        role: { id: role.id, decimalId: role.decimalId, name: role.name, accountId: account.id },
        sessionName,
      },
      writes: [deps.iam.insertSession(session)],
      audit: {
        objectType: 'role',
        objectId: role.id,
        facts: { roleName, ofAccount: account.id, sessionName, accessKeyId: key.accessKeyId, expiresAt: key.expiresAt },
      },
    })
  },
})

/**
 * A temporary key with the caller's own rights, or less. For users only: a temporary key cannot prolong itself.
 */
export const createTemporaryKey = operation<IamNeeds>()({
  name: 'CreateTemporaryKey',
  summary: 'A temporary access key with one’s own rights, or less',
  access: 'write',
  actions: [],
  revealsSecret: true,
  input: Type.Object(
    {
      durationSeconds: Type.Optional(Type.Integer({ minimum: 900, maximum: 86_400 })),
      policy: Type.Optional(sessionPolicyInput),
    },
    { additionalProperties: false },
  ),
  problems: ['NotForTemporaryKeys', 'SessionPolicyInvalid'],
  run({ durationSeconds = 900, policy }, _resource, deps, caller) {
    const principal = deps.principals.principalOf(caller)
    if (principal.session) throw problem('NotForTemporaryKeys')
    const { key, session } = newSession(deps, principal, caller, {
      accountId: caller.accountId,
      roleId: null,
      name: principal.user.name,
      policy: checkedPolicy(policy),
      seconds: durationSeconds,
    })
    return Promise.resolve({
      answer: key,
      writes: [deps.iam.insertSession(session)],
      audit: {
        objectType: 'user',
        objectId: caller.userId,
        facts: { accessKeyId: key.accessKeyId, expiresAt: key.expiresAt },
      },
    })
  },
})

function newSession(
  { sealer, wallClock }: IamNeeds,
  principal: Principal,
  caller: Caller,
  { seconds, ...of }: Pick<Session, 'accountId' | 'roleId' | 'name' | 'policy'> & { seconds: number },
): { key: TemporaryKey; session: Session } {
  const accessKeyId = `${temporaryKeyPrefix}${newAccessKeyId()}`
  const accessKeySecret = newAccessKeySecret()
  const securityToken = newToken()
  const issuedAt = wallClock.now()
  const expiresAt = issuedAt + seconds * 1_000
  const origin = principal.session
  return {
    key: { accessKeyId, accessKeySecret, securityToken, expiresAt },
    session: {
      ...of,
      accessKeyId,
      makerId: origin?.makerId ?? principal.user.id,
      makerKeyId: origin ? origin.makerKeyId : (caller.accessKeyId ?? null),
      sealedSecret: sealer.seal('session-secret', [of.accountId, accessKeyId], Buffer.from(accessKeySecret)),
      tokenHash: tokenHash(securityToken),
      issuedAt,
      expiresAt,
    },
  }
}

function checkedPolicy(document: string | undefined): string | null {
  if (document === undefined) return null
  try {
    parsePolicy(document)
    return document
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw problem('SessionPolicyInvalid', { reason: `${error.position}: ${error.message}` })
  }
}
