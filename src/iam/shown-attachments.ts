import { builtinPolicy } from './builtin.ts'
import { systemPrefix } from './principal.ts'
import type { IamStore } from './store.ts'

/** What is attached to one user, group or role, by names. */
export interface ShownAttachment {
  policyName: string
  /** Of a built-in policy; null for one of the account's own. */
  builtin: string | null
  /** The name of the resource group it is for; null for the whole account. */
  resourceGroup: string | null
}

export async function shownAttachments(
  iam: IamStore,
  accountId: string,
  principalId: string,
): Promise<ShownAttachment[]> {
  const attachments = await iam.attachmentsOf(accountId, principalId)
  return Promise.all(
    attachments.map(async ({ policyId, scope }) => ({
      ...(await named(iam, accountId, policyId)),
      resourceGroup: scope === null ? null : ((await iam.resourceGroup(accountId, { id: scope }))?.name ?? scope),
    })),
  )
}

async function named(iam: IamStore, accountId: string, policyId: string) {
  if (!policyId.startsWith(systemPrefix))
    return { policyName: (await iam.policyById(accountId, policyId))?.name ?? policyId, builtin: null }
  const id = policyId.slice(systemPrefix.length)
  return { policyName: builtinPolicy(id)?.name ?? id, builtin: id }
}
