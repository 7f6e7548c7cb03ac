import { minute, problem as kernelProblem, type Write } from '../kernel/index.ts'
import { caLifecycle, type Ca } from '../ca/index.ts'
import type { Gate } from '../guards/index.ts'
import type { UnderCa } from '../issuance/index.ts'
import { verifyDestroyed, type CaKey, type Control } from '../keys/index.ts'
import { certifyResponder, publishCrl, type CrlRecord, type ResponderNeeds } from '../revocation/index.ts'
import type { AlarmStore } from './alarms.ts'
import { finalCrlUntil } from './calendar.ts'
import { theDayAsCaller } from './caller.ts'
import { readBack, type ReadBackNeeds } from './read-back.ts'
import { receiptOf, type Ended, type Receipt } from './receipt.ts'
import { revokeAtParent, revokeEverythingUnder, type AtParent, type RevokeAllNeeds } from './revoke-all.ts'
import { keepReceipt, receiptOperation, type ReceiptNeeds } from './sign-receipt.ts'

/** Of these the ones that are only taken where `revokeAll` was chosen. */
export const revokeAllSteps = ['the-day.everything-revoked', 'the-day.revoked-at-parent'] as const

/** The steps of the day in order, as `step` is told them; a crash after any of them is made good by the next start. */
export const daySteps = [
  'the-day.begun',
  ...revokeAllSteps,
  'final-crl.number-taken',
  'final-crl.ledger-read',
  'final-crl.signing-noted',
  'final-crl.published',
  'the-day.final-crl-read-back',
  'the-day.responder-certified',
  'the-day.key-condemned',
  'the-day.key-destroyed',
  'the-day.destruction-verified',
  'the-day.closed',
] as const

/** Whether time may be believed where it destroys: see trusted-clock.ts. */
export interface TrustedTime {
  /** Undefined when what fell due at `dueAt` may be done now; else when to ask again (domain clock), and why. */
  wait(dueAt: number): { until: number; reason: string } | undefined
  /** Why nothing irreversible may be done at all. */
  held(): string | undefined
}

export interface DayNeeds extends RevokeAllNeeds, ReadBackNeeds, ResponderNeeds, ReceiptNeeds {
  alarms: AlarmStore
  trustedTime: TrustedTime
  gate: Pick<Gate, 'mustMayEnd'>
  /** Resolves when no thread of any process holds the private key in memory any more. */
  forgetEverywhere: (keyId: string) => Promise<void>
  /** A key of no other use, in each provider: proves that looking finds what is there. */
  controls: () => Promise<Control[]>
}

const changed = kernelProblem('ChangedMeanwhile')

/**
 * The day of a CA, found by the clock. Each step is durable before the next begins and may be repeated after a crash;
 * what is done already is recognised and passed over. Nothing before *destroy* is irreversible except that restoring is
 * closed, and any failure there leaves the CA in *ending* for another try: a look-up that fails never authorises
 * destruction.
 * @returns when to come again (domain clock), or undefined when there is nothing left to do
 */
export async function theDay(deps: DayNeeds, caId: string): Promise<number | undefined> {
  let ca = await deps.cas.findById(caId)
  if (ca?.state === 'pendingDeletion') {
    const now = deps.domainClock.now()
    if (ca.dueAt === null || ca.dueAt > now) return ca.dueAt ?? undefined
    const wait = deps.trustedTime.wait(ca.dueAt)
    if (wait) return Math.max(wait.until, now + minute)
    ca = await begin(deps, ca)
  }
  if (ca?.state !== 'ending') return undefined
  try {
    return await end(deps, ca)
  } catch (error) {
    // It stays until the end has been carried through, however often that is tried.
    const reason = error instanceof Error ? error.message : String(error)
    const alarm = { kind: 'ca-ending', subject: ca.id, accountId: ca.accountId, reason } as const
    await deps.committer.commit([deps.alarms.raise(alarm, deps.domainClock.now())])
    throw error
  }
}

async function end(deps: DayNeeds, begun: Ca): Promise<number | undefined> {
  const published = await deps.revocations.latestCrl(begun.id)
  const { ca, atParent } = await revokeAll(deps, begun, published?.final === true)
  const under = await deps.ledger.under(ca.id, deps.domainClock.now())
  const crl = published?.final ? published : await finalCrl(deps, ca, under)
  const readBackFrom = await readBack(deps, ca, crl, under.crlUrls)
  deps.step('the-day.final-crl-read-back')
  // Its OCSP responder answers for as long as the final CRL holds; nobody certifies another one afterwards.
  await certifyResponder(deps, ca.id, crl.nextUpdate)
  deps.step('the-day.responder-certified')
  // What comes now cannot be undone. Before it nothing was lost, and the CRL stands for as long as it is needed.
  if (deps.trustedTime.held() !== undefined) return deps.domainClock.now() + minute
  const key = await destroyKey(deps, ca)
  await close(deps, { ca, at: deps.domainClock.now(), under, atParent, crl, readBackFrom, key })
  deps.step('the-day.closed')
  return undefined
}

/**
 * 1. Compare-and-swap to *ending*: from here on nobody restores the CA or puts anything on its CRL. Guards that were set since the end was
 * scheduled stop it here, each time, until they are taken away: the failed job is the alarm.
 */
async function begin(deps: DayNeeds, ca: Ca): Promise<Ca> {
  const next: Ca = { ...ca, state: caLifecycle[ca.state].theDayComes! }
  const guardsUnchanged = await deps.gate.mustMayEnd(ca.accountId, ca.id)
  await deps.committer.commit([
    guardsUnchanged,
    deps.cas.replace(ca, next, changed),
    deps.trail.done(theDayAsCaller(ca.accountId), 'BeginCaEnd', {
      objectType: 'ca',
      objectId: ca.id,
      facts: { from: ca.state, to: next.state, dueAt: ca.dueAt },
    }),
  ])
  deps.step('the-day.begun')
  return { ...next, version: ca.version + 1 }
}

/** 2. Where it was chosen: all the CA issued is revoked, and the CA itself at its parent. */
async function revokeAll(deps: DayNeeds, ca: Ca, isPublished: boolean): Promise<{ ca: Ca; atParent?: AtParent }> {
  if (ca.deletion?.disposition !== 'revokeAll') return { ca }
  if (!isPublished) {
    await revokeEverythingUnder(deps, ca)
    deps.step('the-day.everything-revoked')
  }
  const revoked = await revokeAtParent(deps, ca)
  deps.step('the-day.revoked-at-parent')
  return revoked
}

/** 3. The final CRL, for as long as `finalCrlUntil` says. */
async function finalCrl(deps: DayNeeds, ca: Ca, { lastNotAfter }: UnderCa): Promise<CrlRecord> {
  const nextUpdate = finalCrlUntil(ca, lastNotAfter, deps.domainClock.now())
  const crl = await publishCrl(deps, ca.id, { nextUpdate })
  if (!crl) throw new Error(`CA ${ca.id} has no certificate to publish a CRL under`)
  return crl
}

/**
 * 4. The key: condemned (nothing signs with it any more, here or after a restart), forgotten by every thread, destroyed,
 * and then positively verified to be gone. A key that another CA certificate still hangs on stays.
 */
async function destroyKey(deps: DayNeeds, ca: Ca): Promise<Ended['key']> {
  const keyId = ca.keyId!
  const others = (await deps.cas.holdersOfKey(keyId)).filter(({ id }) => id !== ca.id)
  if (others.length > 0) return { heldBy: others.map(({ id }) => id) }
  const key = await deps.keyStore.find(keyId)
  if (!key) throw new Error(`the key of CA ${ca.id} is not on record`)
  if (key.state === 'live') {
    await deps.committer.commit([deps.keyStore.condemn(keyId, changed)])
    deps.step('the-day.key-condemned')
  }
  return { destroyed: key, searched: await destroyCondemned(deps, key) }
}

/**
 * Carries the destruction of a condemned key through to its proof. May be repeated at any point.
 * @returns the providers that were searched
 */
async function destroyCondemned(deps: DayNeeds, key: CaKey): Promise<readonly string[]> {
  await deps.forgetEverywhere(key.id)
  await deps.keys.destroy(key.id)
  deps.step('the-day.key-destroyed')
  const proof = await verifyDestroyed({ keyId: key.id, spki: key.spki }, await deps.controls())
  if (!proof.verified) throw new Error(`key ${key.id} is still found in ${proof.provider} by ${proof.by}`)
  deps.step('the-day.destruction-verified')
  return proof.providers
}

/** 5. The state, the end of the key, and the statement of it, in one commit. */
async function close(deps: DayNeeds, ended: Ended): Promise<void> {
  const { ca, at, key } = ended
  const receipt: Receipt = receiptOf(ended)
  const writes: Write[] = [deps.cas.replace(ca, { ...ca, state: caLifecycle[ca.state].keyDestroyed! }, changed)]
  if ('destroyed' in key) writes.push(deps.keyStore.destroyed(key.destroyed.id, at, changed))
  writes.push(
    await keepReceipt(deps, receipt, changed),
    deps.trail.done(theDayAsCaller(ca.accountId), receiptOperation, {
      objectType: 'ca',
      objectId: ca.id,
      facts: { ...receipt },
    }),
    deps.alarms.clear('ca-ending', ca.id),
  )
  await deps.committer.commit(writes)
}

/**
 * A key that was condemned outside of a day (a CA that was never activated). @returns when to come again
 */
export async function destroyUnusedKey(deps: DayNeeds, keyId: string): Promise<undefined> {
  const key = await deps.keyStore.find(keyId)
  if (key?.state !== 'condemned') return undefined
  const holders = await deps.cas.holdersOfKey(keyId)
  // A CA that is ending destroys its key itself, with the statement that goes with it.
  if (holders.length > 0) return undefined
  const providers = await destroyCondemned(deps, key)
  const now = deps.domainClock.now()
  await deps.committer.commit([
    deps.keyStore.destroyed(key.id, now, changed),
    deps.trail.done(theDayAsCaller(key.accountId), 'DestroyUnusedKey', {
      objectType: 'key',
      objectId: key.id,
      facts: { algorithm: key.algorithm, destroyedAt: now, level: 'local', searched: providers },
    }),
  ])
  return undefined
}
