import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { day, minute } from '../kernel/index.ts'
import { onEveryEngine, type Engine } from '../storage/engines.fixture.ts'
import { aCa, aCertificate, now, otherwise } from '../storage/objects.fixture.ts'
import { ExpiryNotices } from './expiry-notices.ts'
import type { Notice } from './store.ts'

interface Document {
  type: string
  deliveryId: string
  instanceId: string
  notices: (Omit<Notice, 'notAfter'> & { notAfter: string })[]
}

const secret = Buffer.from('0123456789abcdef')

async function aPost(engine: Engine) {
  const db = await engine.open()
  const clock = { at: now, now: () => clock.at }
  const arrived: Document[] = []
  const state = { status: 204 as number | Error, warnings: [] as string[] }
  const expiry = new ExpiryNotices({
    notices: db.notices,
    committer: db.db,
    domainClock: clock,
    wallClock: clock,
    secret,
    instanceId: () => Promise.resolve('instance-1'),
    warn: (reason) => void state.warnings.push(reason),
    post(body, headers) {
      if (state.status instanceof Error) return Promise.reject(state.status)
      const [, seconds, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-certkeep-signature']!)!
      expect(createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')).toBe(mac)
      if (state.status < 300) arrived.push(JSON.parse(Buffer.from(body).toString()) as Document)
      return Promise.resolve(state.status)
    },
  })
  const told = () =>
    arrived.flatMap(({ notices }) => notices.map(({ commonName, withinDays }) => [commonName, withinDays]))
  return { db, clock, arrived, told, state, expiry, [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() }
}

const endingIn = (commonName: string, days: number, given = {}) =>
  aCertificate({ commonName, notAfter: now + days * day, ...given })

onEveryEngine(
  (engine) => `expiry notices on ${engine}`,
  (engine) => {
    test('say what expires within 30, 7 and 1 days: each once, and only the nearest of them', async () => {
      await using post = await aPost(engine)
      const { db, told, expiry } = post
      const certificates = [endingIn('in-29', 29), endingIn('in-6', 6), endingIn('in-half', 0.5), endingIn('in-40', 40)]
      await db.commit(certificates.map((each) => db.certificates.insert(each, otherwise('NameTaken'))))
      await db.commit([db.cas.insert(aCa({ subject: { commonName: 'a CA' }, notAfter: now + 20 * day }))])
      expect(await expiry.run()).toBe(now + day)
      expect(told().toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
        ['a CA', 30],
        ['in-29', 30],
        ['in-6', 7],
        ['in-half', 1],
      ])
      await expiry.run()
      expect(told()).toHaveLength(4)
    })

    test('come again as the end comes nearer', async () => {
      await using post = await aPost(engine)
      const { db, clock, told, expiry } = post
      await db.commit([db.certificates.insert(endingIn('one', 29), otherwise('NameTaken'))])
      for (const days of [0, 10, 23, 25, 28.5, 29.5]) {
        clock.at = now + days * day
        await expiry.run()
      }
      expect(told()).toEqual([
        ['one', 30],
        ['one', 7],
        ['one', 1],
      ])
    })

    test('leave out what is revoked or on its way out, and what has expired', async () => {
      await using post = await aPost(engine)
      const { db, told, expiry } = post
      await db.commit([
        db.certificates.insert(endingIn('revoked', 5, { revokedAt: now }), otherwise('NameTaken')),
        db.certificates.insert(endingIn('expired', -1), otherwise('NameTaken')),
        db.cas.insert(aCa({ state: 'pendingDeletion', notAfter: now + day })),
        db.cas.insert(aCa({ revokedAt: now, notAfter: now + day })),
      ])
      await expiry.run()
      expect(told()).toEqual([])
    })

    test('go on after a refusal or silence, later each time, with the same ids', async () => {
      await using post = await aPost(engine)
      const { db, arrived, state, expiry } = post
      await db.commit([db.certificates.insert(endingIn('one', 5), otherwise('NameTaken'))])
      state.status = 500
      expect(await expiry.run()).toBe(now + minute)
      state.status = new Error('the host was not reached')
      expect(await expiry.run()).toBe(now + 2 * minute)
      const [waiting] = await db.notices.unsent(10)
      state.status = 200
      expect(await expiry.run()).toBe(now + day)
      expect(arrived[0]!.notices.map(({ id }) => id)).toEqual([waiting!.id])
      expect(arrived[0]).toMatchObject({ type: 'certkeep.expiry', instanceId: 'instance-1' })
      expect(state.warnings).toEqual(['the webhook answered 500', 'the host was not reached'])
      expect(await db.notices.unsent(10)).toEqual([])
    })

    test('of many travel in documents of 100', async () => {
      await using post = await aPost(engine)
      const { db, arrived, expiry } = post
      await db.commit(
        Array.from({ length: 250 }, (_, at) => db.certificates.insert(endingIn(`c-${at}`, 5), otherwise('NameTaken'))),
      )
      await expiry.run()
      expect(arrived.map(({ notices }) => notices.length)).toEqual([100, 100, 50])
      expect(new Set(arrived.map(({ deliveryId }) => deliveryId)).size).toBe(3)
    })
  },
)
