import { newDecimalId, newHexId, type Clock, type Write } from '../kernel/index.ts'
import type { Passwords, Sealer } from '../keys/index.ts'
import { newAccessKeyFor } from './manage-access-keys.ts'
import { problem } from './problems.ts'
import type { Account, IamStore, User } from './store.ts'

/** What a person needs to begin with an account; shown or written down once. */
export interface FirstCredentials {
  accountId: string
  accountName: string
  domainId: string
  userName: string
  password: string
  accessKeyId: string
  accessKeySecret: string
}

/** The policy that a new account's administrator has. */
export const administratorPolicy = 'system:ram-1/AdministratorAccess'

/** A new account with one administrator, as writes for one commit, and the credentials that go with it. */
export async function newAccount(
  deps: { iam: IamStore; passwords: Passwords; sealer: Sealer; domainClock: Clock },
  { accountName, userName, password }: { accountName: string; userName: string; password: string },
): Promise<{ credentials: FirstCredentials; writes: Write[] }> {
  const now = deps.domainClock.now()
  const account: Account = {
    id: newDecimalId(),
    domainId: newHexId(),
    name: accountName,
    iamVersion: 1,
    createdAt: now,
  }
  const user: User = {
    id: newHexId(),
    accountId: account.id,
    decimalId: newDecimalId(),
    name: userName,
    passwordHash: await deps.passwords.hash(password),
    enabled: true,
    createdAt: now,
    createdBy: null,
    version: 1,
    tags: {},
  }
  const { key, secret } = newAccessKeyFor(user, deps.sealer, now)
  return {
    credentials: {
      accountId: account.id,
      accountName,
      domainId: account.domainId,
      userName,
      password,
      accessKeyId: key.id,
      accessKeySecret: secret,
    },
    writes: [
      deps.iam.insertAccount(account),
      deps.iam.insertUser(user, problem('UserNameTaken', { userName })),
      deps.iam.insertAccessKey(key),
      deps.iam.attach({
        accountId: account.id,
        principalKind: 'user',
        principalId: user.id,
        policyId: administratorPolicy,
        scope: null,
        createdAt: now,
      }),
    ],
  }
}
