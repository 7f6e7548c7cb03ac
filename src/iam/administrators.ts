import type { Caller, Clock } from '../kernel/index.ts'
import { judge } from './judge.ts'
import { attachedPolicies, systemPrefix } from './principal.ts'
import { problem } from './problems.ts'
import type { AccessKey, Account, Attachment, IamStore, StoredPolicy, User } from './store.ts'

const grammars = ['ram-1', 'huawei-1.1', 'huawei-5.0']
const administratorPolicies = grammars.map((grammar) => `${systemPrefix}${grammar}/AdministratorAccess`)

/** The right that gives all others. */
export const attachActions = ['ram:AttachPolicyToUser', 'iam:users:attachPolicy'] as const

/** All that makes a user an administrator, or no more. */
export interface Standing {
  user: User
  /** Ids of the user and of their groups. */
  principalIds: readonly string[]
  keys: readonly AccessKey[]
  /** Of the user and of groups of theirs. */
  attachments: readonly Attachment[]
  /** Of the account's own, those that are attached. */
  policies: readonly StoredPolicy[]
}

/** What a change makes of a user; undefined when it removes them. */
export type Change = (standing: Standing) => Standing | undefined

/**
 * Refuses a change that would leave nobody to administer the account: no enabled user with a way in, to whom AdministratorAccess
 * is attached for the whole account, and whom nothing denies to give rights. The caller's guard on the account's version makes
 * this hold until the commit. An account that has no such user already is run by its own policies: nothing is refused then.
 * @param caller conditions on the address are judged as for them
 * @throws Problem LastAdministrator
 */
export async function keepAnAdministrator(
  { iam, wallClock }: { iam: IamStore; wallClock: Clock },
  caller: Caller,
  change: Change,
): Promise<void> {
  const account = await iam.account({ id: caller.accountId })
  if (!account) return
  const facts = {
    sourceIp: caller.sourceIp,
    secureTransport: caller.secureTransport,
    currentTime: wallClock.now(),
  }
  const administers = (standing: Standing | undefined): boolean =>
    standing !== undefined && mayGiveRights(account, standing, facts)
  let hadOne = false
  for (const user of await iam.holders(caller.accountId, administratorPolicies)) {
    const standing = await standingOf(iam, user)
    if (!administers(standing)) continue
    if (administers(change(standing))) return
    hadOne = true
  }
  if (hadOne) throw problem('LastAdministrator')
}

async function standingOf(iam: IamStore, user: User): Promise<Standing> {
  const { accountId, id } = user
  const groups = await iam.groupsOfUser(accountId, id)
  const principalIds = [id, ...groups.map((group) => group.id)]
  const attachments = await attachmentsOf(iam, accountId, principalIds)
  return {
    user,
    principalIds,
    keys: await iam.accessKeysOfUser(accountId, id),
    attachments,
    policies: await policiesOf(iam, accountId, attachments),
  }
}

async function attachmentsOf(iam: IamStore, accountId: string, principalIds: readonly string[]): Promise<Attachment[]> {
  return (await Promise.all(principalIds.map((id) => iam.attachmentsOf(accountId, id)))).flat()
}

async function policiesOf(
  iam: IamStore,
  accountId: string,
  attachments: readonly Attachment[],
): Promise<StoredPolicy[]> {
  const ids = new Set(attachments.map(({ policyId }) => policyId).filter((id) => !id.startsWith(systemPrefix)))
  const found = await Promise.all([...ids].map((id) => iam.policyById(accountId, id)))
  return found.filter((policy) => policy !== undefined)
}

function mayGiveRights(
  account: Account,
  { user, keys, attachments, policies }: Standing,
  facts: Parameters<typeof judge>[3],
): boolean {
  const hasAWayIn = user.passwordHash !== null || keys.some(({ enabled }) => enabled)
  if (!user.enabled || !hasAWayIn) return false
  if (!attachments.some(({ policyId, scope }) => scope === null && administratorPolicies.includes(policyId)))
    return false
  const attached = attachedPolicies({
    // What is for a part of the resources only says nothing about users.
    attachments: attachments.filter(({ scope }) => scope === null).map(({ policyId }) => ({ policyId, scope: null })),
    policies: [...policies],
  })
  const principal = { account, user, policies: attached }
  return judge(principal, attachActions, { type: 'user', id: user.name }, facts).decision === 'allow'
}

/** Adds an attachment, of a policy of the account's own or a built-in one, to everybody who is, or is in, its principal. */
export const attaching =
  (attachment: Attachment, policy: StoredPolicy | undefined): Change =>
  (standing) =>
    standing.principalIds.includes(attachment.principalId)
      ? {
          ...standing,
          attachments: [...standing.attachments, attachment],
          policies: policy ? [...standing.policies, policy] : standing.policies,
        }
      : standing

export const detaching =
  (gone: Pick<Attachment, 'principalId' | 'policyId' | 'scope'>): Change =>
  (standing) => ({
    ...standing,
    attachments: standing.attachments.filter(
      ({ principalId, policyId, scope }) =>
        !(principalId === gone.principalId && policyId === gone.policyId && scope === gone.scope),
    ),
  })

/** Another user is left as they are. */
export const ofUserOnly =
  (userId: string, change: (standing: Standing) => Standing | undefined): Change =>
  (standing) =>
    standing.user.id === userId ? change(standing) : standing

export async function joining(iam: IamStore, user: User, groupId: string): Promise<Change> {
  const attachments = await attachmentsOf(iam, user.accountId, [groupId])
  const policies = await policiesOf(iam, user.accountId, attachments)
  return ofUserOnly(user.id, (standing) => ({
    ...standing,
    attachments: [...standing.attachments, ...attachments],
    policies: [...standing.policies, ...policies],
  }))
}

export const leaving = (userId: string, groupId: string): Change =>
  ofUserOnly(userId, (standing) => ({
    ...standing,
    attachments: standing.attachments.filter(({ principalId }) => principalId !== groupId),
  }))

export const rewording =
  (next: StoredPolicy): Change =>
  (standing) => ({
    ...standing,
    policies: standing.policies.map((policy) => (policy.id === next.id ? next : policy)),
  })
