import { own, type Caller } from './client.ts'
import type { Credentials, Service } from './service.ts'

/** A further user of the service's first account, with a key. */
export interface Person extends Caller {
  userName: string
}

type Policy = string | object

/**
 * A user of its own with these policies: built-in ones by name or id (`ram-1/AdministratorAccess`), others as documents of
 * any grammar, which are kept under a name of their own first.
 */
export async function person(
  service: Pick<Service, 'url' | 'credentials'>,
  userName: string,
  policies: readonly Policy[] = [],
  password?: string,
): Promise<Person> {
  const admin = administrator(service)
  await admin('CreateUser', { userName, ...(password === undefined ? {} : { password }) })
  for (const [index, policy] of policies.entries())
    await attach(service, userName, policy, typeof policy === 'string' ? policy : `${userName}-${index}`)
  const { accessKeyId, accessKeySecret } = await admin('CreateAccessKey', { userName })
  return { userName, accessKeyId, accessKeySecret }
}

/** Attaches a policy; a document is created under `policyName` before. */
export async function attach(
  service: Pick<Service, 'url' | 'credentials'>,
  userName: string,
  policy: Policy,
  policyName: string,
): Promise<void> {
  const admin = administrator(service)
  if (typeof policy !== 'string') await admin('CreatePolicy', { policyName, document: JSON.stringify(policy) })
  await admin('AttachPolicy', { userName, policyName })
}

/** Operations of the core as the account's administrator. */
export const administrator =
  ({ url, credentials }: Pick<Service, 'url' | 'credentials'>) =>
  (operation: string, input: unknown) =>
    own(url, credentials, operation, input)

/** A second tenant with its administrator. */
export async function secondAccount(service: Pick<Service, 'url'>, name = 'second'): Promise<Credentials> {
  const response = await fetch(`${service.url}/emulator/accounts`, { method: 'POST', body: JSON.stringify({ name }) })
  if (response.status !== 201) throw new Error(`no second account: ${await response.text()}`)
  return (await response.json()) as Credentials
}
