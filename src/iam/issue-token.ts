import { day, problem as kernelProblem, type AuditTrail, type Clock, type Committer } from '../kernel/index.ts'
import { newToken, tokenHash, type Passwords } from '../keys/index.ts'
import type { GuessBrake } from './brake.ts'
import type { Principals } from './principals.ts'
import { problem } from './problems.ts'
import type { Account, IamStore, User } from './store.ts'

export interface TokenNeeds {
  iam: IamStore
  passwords: Passwords
  brake: Pick<GuessBrake, 'passwordWait' | 'passwordWeighed'>
  principals: Principals
  trail: AuditTrail
  committer: Committer
  wallClock: Clock
}

export interface TokenRequest {
  account: { id: string } | { domainId: string } | { name: string }
  userName: string
  password: string
  /** Kept with the token as JSON; what it means is the door's. */
  scope: unknown
  request: { sourceIp: string; secureTransport: boolean; door: string; requestId: string }
}

export const tokenLifetimeMs = day

/**
 * A token for a user's password, valid for a day by the wall clock. A wrong account, user or password cost the same time
 * and are told alike. @throws Problem CredentialsWrong; PasswordsBusy when too many are being checked at once
 */
export async function issueToken(
  deps: TokenNeeds,
  { account: reference, userName, password, scope, request }: TokenRequest,
): Promise<{ token: string; issuedAt: number; expiresAt: number; account: Account; user: User }> {
  const account = await deps.iam.account(reference)
  const user = account && (await deps.iam.userByName(account.id, userName))
  const guessed = `${account?.id ?? JSON.stringify(reference)} ${userName}`
  refuseFor(deps.brake.passwordWait(guessed, request.sourceIp))
  const weighed = await deps.passwords.verify(password, user?.passwordHash ?? undefined)
  const right = weighed && user?.enabled === true
  refuseFor(deps.brake.passwordWeighed(guessed, request.sourceIp, right))
  if (!right || !account || !user?.enabled) throw problem('CredentialsWrong')

  const token = newToken()
  const issuedAt = deps.wallClock.now()
  const expiresAt = issuedAt + tokenLifetimeMs
  const identity = await deps.principals.byUser(user.id)
  if (!identity) throw problem('CredentialsWrong')
  const caller = deps.principals.callerOf(identity, () => deps.principals.byUser(user.id), {
    ...request,
    accessKeyId: undefined,
  })
  await deps.committer.commit([
    ...(caller.stillEntitled ? [caller.stillEntitled] : []),
    deps.iam.insertToken({
      hash: tokenHash(token),
      accountId: account.id,
      userId: user.id,
      userVersion: user.version,
      scope: JSON.stringify(scope ?? null),
      issuedAt,
      expiresAt,
    }),
    deps.trail.done(caller, 'IssueToken', { objectType: 'user', objectId: user.id, facts: { expiresAt } }),
  ])
  return { token, issuedAt, expiresAt, account, user }
}

function refuseFor(waitMs: number): void {
  if (waitMs > 0) throw kernelProblem('Throttled', { retryAfterMs: waitMs })
}
