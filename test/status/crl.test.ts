import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { operations } from '../../src/api/index.ts'
import { newSerial, problem } from '../../src/kernel/index.ts'
import { crlChunks, publishCrl, type CrlNeeds, type CrlRecord } from '../../src/revocation/index.ts'
import { parseCertificate, parseCrl } from '../../src/x509/index.ts'
import { openCore, type Core } from '../support/core.ts'

let core: Core
let caId: string
beforeEach(async () => {
  core = await openCore()
  const made = await core.call(core.administrator, operations.CreateCa, {
    type: 'root',
    subject: { commonName: 'Root' },
    keyAlgorithm: 'p256',
    signatureHash: 'sha256',
    validity: { unit: 'year', amount: 10 },
  })
  caId = made.caId
  await core.runDue()
})
afterEach(() => core[Symbol.asyncDispose]())

const needs = (change: Partial<CrlNeeds> = {}): CrlNeeds => ({ ...core.deps, step: () => undefined, ...change })
const publish = (change: Partial<CrlNeeds> = {}) => publishCrl(needs(change), caId) as Promise<CrlRecord>

const taken = problem('ChangedMeanwhile')
const farAway = Date.UTC(2040, 0, 1)
async function revoke(serial: string, notAfter = farAway): Promise<string> {
  const revocation = { caId, serial, revokedAt: core.deps.domainClock.now(), reason: 'superseded', notAfter } as const
  await core.deps.committer.commit(core.deps.revocations.record(revocation, taken))
  return serial
}

async function latest(): Promise<{ record: CrlRecord; serials: string[]; der: Buffer }> {
  const record = (await core.deps.revocations.latestCrl(caId))!
  const der = Buffer.concat(await Array.fromAsync(crlChunks(core.deps.revocations, record)))
  const crl = parseCrl(der)
  const ca = await core.deps.cas.findById(caId)
  expect(crl.verify(parseCertificate(ca!.certificate!).tbs.spki)).toBe(true)
  expect(createHash('sha256').update(der).digest().equals(record.sha256)).toBe(true)
  expect(der.length).toBe(record.size)
  return { record, der, serials: [...crl.entries()].map(({ serialHex }) => serialHex) }
}

/** Keys of a node that stands still when it is about to sign, until it is let go. */
function pausedAtSigning() {
  let reached = () => {}
  let letGo = () => {}
  const isPaused = new Promise<void>((resolve) => (reached = resolve))
  const goOn = new Promise<void>((resolve) => (letGo = resolve))
  const { keys } = core.deps
  const sign: CrlNeeds['keys']['sign'] = async (...args) => {
    reached()
    await goOn
    return keys.sign(...args)
  }
  const paused = new Proxy(keys, {
    get: (target, name) => (name === 'sign' ? sign : (Reflect.get(target, name) as unknown)),
  })
  return { keys: paused, isPaused, letGo: () => letGo() }
}

describe('design 5: a publication', () => {
  test('has a number of at least the seconds since 1970, and one more than the last', async () => {
    const first = (await latest()).record.number
    expect(first).toBeGreaterThanOrEqual(Math.floor(core.deps.domainClock.now() / 1_000) - 60)
    const second = await publish()
    const third = await publish()
    expect(second.number).toBeGreaterThan(first)
    expect(third.number).toBeGreaterThan(second.number)
  })

  test('of a node that was paused between snapshot and publication, with a lower number, is refused', async () => {
    const { keys, isPaused, letGo } = pausedAtSigning()
    const late = publish({ keys })
    late.catch(() => undefined)
    await isPaused
    const serial = await revoke(newSerial())
    const other = await publish()
    letGo()
    await expect(late).rejects.toMatchObject({ code: 'CrlSuperseded' })
    expect(await latest()).toMatchObject({ record: { number: other.number }, serials: [serial] })
  })

  test('with a higher number, but a snapshot from before another one’s publication, is refused as well', async () => {
    const slow = pausedAtSigning()
    const slowSerial = newSerial()
    // The slow one takes its number first; what it reads of the ledger comes later than what the quick one reads.
    let readNow = () => {}
    const mayRead = new Promise<void>((resolve) => (readNow = resolve))
    let numberTaken = () => {}
    const isTaken = new Promise<void>((resolve) => (numberTaken = resolve))
    const { revocations } = core.deps
    const latestCrl: CrlNeeds['revocations']['latestCrl'] = async (id) => {
      numberTaken()
      await mayRead
      return revocations.latestCrl(id)
    }
    const lower = publish({ keys: slow.keys, revocations: { ...revocations, latestCrl } })
    await isTaken
    const quick = pausedAtSigning()
    const higher = publish({ keys: quick.keys })
    higher.catch(() => undefined)
    await quick.isPaused // it has read the ledger
    await revoke(slowSerial)
    readNow()
    await slow.isPaused
    slow.letGo()
    const published = await lower
    quick.letGo()
    await expect(higher).rejects.toMatchObject({ code: 'CrlSuperseded' })
    expect(await latest()).toMatchObject({ record: { number: published.number }, serials: [slowSerial] })
  })

  test('that lacks an unexpired entry of its predecessor is refused: the ledger has lost something', async () => {
    const serials = [await revoke(newSerial()), await revoke(newSerial()), await revoke(newSerial())].toSorted()
    const before = await publish()
    const lost = serials[1]!
    const { revocations } = core.deps
    const crlEntries: CrlNeeds['revocations']['crlEntries'] = async (...page) =>
      (await revocations.crlEntries(...page)).filter(({ serialHex }) => serialHex !== lost)
    await expect(publish({ revocations: { ...revocations, crlEntries } })).rejects.toMatchObject({
      code: 'CrlLacksEntry',
      message: expect.stringContaining(lost) as string,
    })
    expect(await latest()).toMatchObject({ record: { number: before.number }, serials })
  })

  test('leaves out what has expired and was on one CRL since (RFC 5280 §3.3)', async () => {
    const now = core.deps.domainClock.now()
    const soon = await revoke(newSerial(), now + 1_000)
    const stays = await revoke(newSerial())
    await publish()
    core.advance(3_600_000)
    await publish()
    expect((await latest()).serials.toSorted()).toEqual([soon, stays].toSorted())
    core.advance(1_000)
    await publish()
    expect((await latest()).serials).toEqual([stays])
  })
})

describe('a long CRL', () => {
  const count = 60_000
  async function revokeMany(): Promise<string[]> {
    const serials: string[] = []
    for (let at = 0; at < count; at += 5_000) {
      const some = Array.from({ length: 5_000 }, newSerial)
      serials.push(...some)
      await core.deps.committer.commit(
        some.flatMap((serial) =>
          core.deps.revocations.record(
            { caId, serial, revokedAt: 1_790_000_000_000, reason: 'superseded', notAfter: farAway },
            taken,
          ),
        ),
      )
    }
    return serials.toSorted()
  }

  test('is written in parts beforehand, is whole when it is published, and its predecessors’ parts go', async () => {
    const serials = await revokeMany()
    const commits: number[] = []
    const committer: CrlNeeds['committer'] = {
      commit: (writes) => {
        commits.push(writes.length)
        return core.deps.committer.commit(writes)
      },
    }
    const record = await publish({ committer })
    expect(commits.length).toBeGreaterThan(4)
    expect(Math.max(...commits)).toBeLessThan(10)
    const published = await latest()
    expect(published.serials).toEqual(serials)
    expect((record.size - 400) / count).toBeLessThanOrEqual(49)

    const [second, third] = [await publish(), await publish()]
    const { revocations } = core.deps
    expect(await revocations.crlPart(caId, record.number, 0)).toBeUndefined()
    expect(await revocations.staleParts(caId, third.number, second.number)).toEqual([])
    expect((await latest()).serials).toHaveLength(count)
  })

  test('what an interrupted publication left is swept away by the next', async () => {
    await revokeMany()
    const step = (name: string) => {
      if (name === 'crl.signing-noted') throw new Error('interrupted')
    }
    await expect(publish({ step })).rejects.toThrow('interrupted')
    const { revocations } = core.deps
    const last = await revocations.lastCrlNumber(caId)
    expect(await revocations.crlPart(caId, last, 1)).toBeDefined()
    const next = await publish()
    expect(next.number).toBeGreaterThan(last)
    expect(await revocations.crlPart(caId, last, 1)).toBeUndefined()
    expect((await latest()).serials).toHaveLength(count)
  })
})
