import { problem, type Caller } from '../kernel/index.ts'
import type { IamStore } from '../iam/index.ts'

/**
 * What concerns the whole instance belongs to the account of the first start: another tenant's administrator has every
 * right of their own account, and none over the instance.
 * @throws Problem AccessDenied
 */
export async function operatorOnly(iam: Pick<IamStore, 'firstAccount'>, caller: Caller, action: string): Promise<void> {
  const operators = await iam.firstAccount()
  if (operators?.id !== caller.accountId) throw problem('AccessDenied', { action, decision: 'implicitDeny' })
}
