import { createHash } from 'node:crypto'
import { day, minute, problem as kernelProblem, type AuditTrail, type Caller, type Write } from '../kernel/index.ts'
import { caLifecycle, type Ca } from '../ca/index.ts'
import { verifyDestroyed, type CaKey, type Control } from '../keys/index.ts'
import { publishCrl, type CrlNeeds, type CrlRecord } from '../revocation/index.ts'
import { parseCrl, parseCertificate } from '../x509/index.ts'

/** The steps of the day in order, as `step` is told them; a crash after any of them is made good by the next start. */
export const daySteps = [
  'the-day.begun',
  'final-crl.number-taken',
  'final-crl.signing-noted',
  'final-crl.published',
  'the-day.final-crl-read-back',
  'the-day.key-condemned',
  'the-day.key-destroyed',
  'the-day.destruction-verified',
  'the-day.closed',
] as const

/** Whether time may be believed where it destroys: see jobs/trusted-clock.ts. */
export interface TrustedTime {
  /** Undefined when what fell due at `dueAt` may be done now; else when to ask again (domain clock), and why. */
  wait(dueAt: number): { until: number; reason: string } | undefined
}

export interface DayNeeds extends CrlNeeds {
  trail: AuditTrail
  trustedTime: TrustedTime
  /** Resolves when no thread of any process holds the private key in memory any more. */
  forgetEverywhere: (keyId: string) => Promise<void>
  /** A key of no other use, in each provider: proves that looking finds what is there. */
  controls: () => Promise<Control[]>
}

const act = 'TheDay'
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

  const crl = await finalCrl(deps, ca)
  await readBack(deps, ca, crl)
  deps.step('the-day.final-crl-read-back')
  const key = await destroyKey(deps, ca)
  await close(deps, ca, crl, key)
  deps.step('the-day.closed')
  return undefined
}

/** 1. Compare-and-swap to *ending*: from here on nobody restores the CA or puts anything on its CRL. */
async function begin(deps: DayNeeds, ca: Ca): Promise<Ca> {
  const next: Ca = { ...ca, state: caLifecycle[ca.state].theDayComes! }
  await deps.committer.commit([
    deps.cas.replace(ca, next, changed),
    deps.trail.done(jobCaller(ca.accountId), 'BeginCaEnd', {
      objectType: 'ca',
      objectId: ca.id,
      facts: { from: ca.state, to: next.state, dueAt: ca.dueAt },
    }),
  ])
  deps.step('the-day.begun')
  return { ...next, version: ca.version + 1 }
}

/**
 * 2. The final CRL: valid until the last certificate under the CA has expired, never past the CA's own end; with none
 * left, for as long as its CRLs were.
 */
async function finalCrl(deps: DayNeeds, ca: Ca): Promise<CrlRecord> {
  const published = await deps.revocations.latestCrl(ca.id)
  if (published?.final) return published
  const now = deps.domainClock.now()
  const { lastNotAfter } = await deps.ledger.under(ca.id, now)
  const usual = now + ca.crl.validDays * day
  const wanted = Math.min(lastNotAfter ?? usual, ca.notAfter ?? usual)
  const crl = await publishCrl(deps, ca.id, { nextUpdate: wanted > now ? wanted : usual })
  if (!crl) throw new Error(`CA ${ca.id} has no certificate to publish a CRL under`)
  return crl
}

/** 3. What was published is read back from where it is served, and is what was signed. */
async function readBack(deps: DayNeeds, ca: Ca, crl: CrlRecord): Promise<void> {
  const bytes = Buffer.concat(await deps.revocations.crlBytes(ca.id, crl.number))
  const digest = createHash('sha256').update(bytes).digest()
  if (!digest.equals(crl.sha256)) throw new Error(`the final CRL of CA ${ca.id} reads back changed`)
  const { tbs } = parseCertificate(ca.certificate!)
  if (!parseCrl(bytes).verify(tbs.spki)) throw new Error(`the final CRL of CA ${ca.id} does not verify`)
}

/**
 * 4. The key: condemned (nothing signs with it any more, here or after a restart), forgotten by every thread, destroyed,
 * and then positively verified to be gone. A key that another CA certificate still hangs on stays.
 * @returns undefined when the key lives on
 */
async function destroyKey(deps: DayNeeds, ca: Ca): Promise<{ key: CaKey; providers: readonly string[] } | undefined> {
  const keyId = ca.keyId!
  const others = (await deps.cas.holdersOfKey(keyId)).filter(({ id }) => id !== ca.id)
  if (others.length > 0) return undefined
  const key = await deps.keyStore.find(keyId)
  if (!key) throw new Error(`the key of CA ${ca.id} is not on record`)
  if (key.state === 'live') {
    await deps.committer.commit([deps.keyStore.condemn(keyId, changed)])
    deps.step('the-day.key-condemned')
  }
  return { key, providers: await destroyCondemned(deps, key) }
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
async function close(
  deps: DayNeeds,
  ca: Ca,
  crl: CrlRecord,
  destroyed: { key: CaKey; providers: readonly string[] } | undefined,
): Promise<void> {
  const now = deps.domainClock.now()
  const under = await deps.ledger.under(ca.id, now)
  const writes: Write[] = [deps.cas.replace(ca, { ...ca, state: caLifecycle[ca.state].keyDestroyed! }, changed)]
  if (destroyed) writes.push(deps.keyStore.destroyed(destroyed.key.id, now, changed))
  writes.push(
    deps.trail.done(jobCaller(ca.accountId), 'DestroyCaKey', {
      objectType: 'ca',
      objectId: ca.id,
      facts: {
        commonName: ca.subject.commonName,
        serial: ca.serial,
        requested: ca.deletion,
        dueAt: ca.dueAt,
        destroyedAt: now,
        unexpired: under,
        finalCrl: {
          number: crl.number,
          entries: crl.entries,
          thisUpdate: crl.thisUpdate,
          nextUpdate: crl.nextUpdate,
          sha256: Buffer.from(crl.sha256).toString('hex'),
        },
        key: destroyed
          ? {
              id: destroyed.key.id,
              algorithm: destroyed.key.algorithm,
              spkiSha256: createHash('sha256').update(destroyed.key.spki).digest('hex'),
              method: 'data key removed from the keyring, private part removed from the database',
              // Copies of the keyring that somebody made are not known of here, so no more than this can be claimed.
              level: 'local',
              searched: destroyed.providers,
              // What came from outside was outside: nothing here can speak for the copies there.
              ...(ca.genMode === 'importKey' ? { origin: 'imported; copies elsewhere are not known of here' } : {}),
            }
          : { id: ca.keyId, method: 'none: another CA certificate hangs on this key' },
      },
    }),
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
    deps.trail.done(jobCaller(key.accountId), 'DestroyUnusedKey', {
      objectType: 'key',
      objectId: key.id,
      facts: { algorithm: key.algorithm, destroyedAt: now, level: 'local', searched: providers },
    }),
  ])
  return undefined
}

/** The clock as a caller: not a person, no door. */
function jobCaller(accountId: string): Caller {
  return {
    accountId,
    userId: 'clock',
    userName: act,
    accessKeyId: undefined,
    sourceIp: '',
    secureTransport: true,
    door: 'jobs',
    requestId: '',
    stillEntitled: undefined,
    once: undefined,
  }
}
