import { builtinPolicy } from './builtin.ts'
import type { AttachedPolicy } from './evaluate.ts'
import { parsePolicy } from './policies/parse.ts'
import type { Account, Identity, Role, RoleIdentity, Session, User } from './store.ts'

/** Who calls and what they may, as read at one moment. */
export interface Principal {
  account: Account
  /** For a role in somebody's hands it is the role, by the name `role:session`. */
  user: Pick<User, 'id' | 'decimalId' | 'name'> & Partial<Pick<User, 'tags'>>
  policies: readonly AttachedPolicy[]
  /** Present for temporary keys. */
  session?: SessionFacts
}

export interface SessionFacts {
  name: string
  /** Undefined when the key has its maker's own rights. */
  role: Role | undefined
  makerId: string
  makerKeyId: string | null
  /** The maker's account, whose rights count as well. */
  makerAccount: Account
  /** Undefined when nothing was taken away at its making. */
  policies: readonly AttachedPolicy[] | undefined
}

/** @throws PolicyError when a stored policy cannot be read: then nobody can say what the principal may. */
export function toPrincipal({ account, user, ...attached }: Identity): Principal {
  return { account, user, policies: attachedPolicies(attached) }
}

/**
 * The principal of a temporary key.
 * @param acts whose rights it has: the role's, or its maker's
 */
export function sessionPrincipal(session: Session, acts: Identity | RoleIdentity, maker: Identity): Principal {
  const { name, makerId, makerKeyId } = session
  const role = 'role' in acts ? acts.role : undefined
  return {
    account: acts.account,
    user:
      'user' in acts
        ? acts.user
        : { id: acts.role.id, decimalId: acts.role.decimalId, name: `${acts.role.name}:${name}` },
    policies: attachedPolicies(acts),
    session: {
      name,
      role,
      makerId,
      makerKeyId,
      makerAccount: maker.account,
      policies:
        session.policy === null
          ? undefined
          : [{ id: session.accessKeyId, name, kind: 'custom', policy: parsePolicy(session.policy, { lenient: true }) }],
    },
  }
}

export function attachedPolicies({
  attachments,
  policies,
}: Pick<Identity, 'attachments' | 'policies'>): readonly AttachedPolicy[] {
  const own = new Map(policies.map((stored) => [stored.id, stored]))
  return attachments.flatMap(({ policyId, scope }): AttachedPolicy[] => {
    const builtin = policyId.startsWith(systemPrefix) ? builtinPolicy(policyId.slice(systemPrefix.length)) : undefined
    const scoped = scope === null ? {} : { scope }
    if (builtin) return [{ id: policyId, name: builtin.name, kind: 'system', policy: builtin.policy, ...scoped }]
    const stored = own.get(policyId)
    if (!stored) return []
    const policy = parsePolicy(stored.document, { lenient: true })
    return [{ id: policyId, name: stored.name, kind: 'custom', policy, ...scoped }]
  })
}

/** Before the id of a built-in policy where a policy's id stands. */
export const systemPrefix = 'system:'

/** Names of a principal: in RAM's way (§1), and in Huawei's (IAM §3.1). */
export function principalNames({ account, user, session }: Principal) {
  const role = session?.role
  if (!role) {
    return {
      /** As trust policies and conditions name it. */
      arn: `acs:ram::${account.id}:user/${user.name}`,
      urn: `iam::${account.domainId}:user:${user.name}`,
      /** As it is told who it is. */
      sessionArn: `acs:ram::${account.id}:user/${user.name}`,
    }
  }
  return {
    arn: `acs:ram::${account.id}:role/${role.name}`,
    urn: `sts::${account.domainId}:assumed-agency:${role.name}/${session.name}`,
    sessionArn: `acs:ram::${account.id}:assumed-role/${role.name}/${session.name}`,
  }
}
