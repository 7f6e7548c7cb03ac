import type { IamStore } from '../iam/index.ts'
import { day } from '../kernel/index.ts'
import type { Approval } from './approval.ts'
import type { GuardStore } from './store.ts'

/** For so long whom the requester created, or gave rights or credentials to, cannot approve. */
export const fitAfter = 7 * day

/** Stands for whoever holds the disk, in {@link import('./store.ts').RightsGiven}. */
export const operatorOfTheDisk = 'operator'

interface Needs {
  iam: IamStore
  guards: Pick<GuardStore, 'rightsGivenSince'>
}

/**
 * Why a user cannot approve what another asked for; undefined when they can. An approver is a user of the account, enabled, neither the
 * requester nor its root, and nobody whom the requester has made or given rights to within seven days: also not by way of
 * others, of a group, of a policy or of new credentials. Nor the other way round: who makes somebody, lets them ask and
 * approves it would be one person too.
 */
export async function unfit(
  { iam, guards }: Needs,
  { accountId, requestedBy, requestedAs }: Pick<Approval, 'accountId' | 'requestedBy' | 'requestedAs'>,
  approverId: string,
  now: number,
): Promise<string | undefined> {
  if (approverId === requestedBy) return 'who asks for it cannot approve it'
  const approver = await iam.user(accountId, approverId)
  if (!approver) return 'approvers are users of the account'
  if (!approver.enabled) return 'the user is disabled'
  if (approver.createdBy === null) return 'the root user of the account approves nothing'

  const given = await guards.rightsGivenSince(accountId, now - fitAfter)
  const byRequester = await reachedFrom([requestedBy, operatorOfTheDisk], given, iam, accountId)
  if (byRequester.has(approverId))
    return 'who asks for it, or the operator, created the user or changed their rights or credentials in the last 7 days'
  const byApprover = await reachedFrom([approverId], given, iam, accountId)
  return byApprover.has(requestedBy) || byApprover.has(requestedAs)
    ? 'the user created who asks for it, or changed their rights or credentials, in the last 7 days'
    : undefined
}

/** Everything that these changed, who is in such a group or has such a policy, and what those changed in turn. */
async function reachedFrom(
  first: readonly string[],
  given: readonly { principalId: string; givenBy: string }[],
  iam: IamStore,
  accountId: string,
): Promise<ReadonlySet<string>> {
  const byGiver = Map.groupBy(given, ({ givenBy }) => givenBy)
  const reached = new Set<string>()
  const open = [...first]
  for (let giver = open.pop(); giver !== undefined; giver = open.pop()) {
    for (const { principalId } of byGiver.get(giver) ?? []) {
      // A policy reaches whom it is attached to, and a group, also one that has such a policy, its members.
      const holders = (await iam.attachmentsOfPolicy(accountId, principalId)).map((each) => each.principalId)
      const members = await Promise.all([principalId, ...holders].map((id) => iam.members(accountId, id)))
      for (const id of [principalId, ...holders, ...members.flat().map((user) => user.id)]) {
        if (reached.has(id)) continue
        reached.add(id)
        open.push(id)
      }
    }
  }
  return reached
}
