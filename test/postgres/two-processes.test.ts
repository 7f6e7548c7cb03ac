import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresIsMissing } from '../../src/storage/postgres-server.fixture.ts'
import { alibaba, own } from '../support/client.ts'
import { advance, leaf, rootCa, until } from '../support/life.ts'
import { person } from '../support/people.ts'
import { twoProcesses, type TwoProcesses } from './two-processes.ts'

const code = (error: unknown): string => /: \d+ \{"error":\{"code":"(\w+)"/.exec(String(error))?.[1] ?? String(error)

const outcome = (call: Promise<unknown>): Promise<string> => call.then(() => 'done', code)

describe.skipIf(postgresIsMissing !== undefined)('two processes on one database', () => {
  let both: TwoProcesses
  beforeAll(async () => {
    both = await twoProcesses()
  })
  afterAll(() => both[Symbol.asyncDispose]())

  /** An operation of the core at one of the processes, as the administrator. */
  const at = (which: 'a' | 'b') => (operation: string, input: unknown) =>
    own(both[which].url, both[which].credentials, operation, input)

  test('what one made, the other goes on with at once', async () => {
    const caId = await rootCa(both.a)
    expect(await leaf(both.b, caId)).toMatch(/^[0-9a-f-]{36}$/)
    await at('b')('DisableCa', { caId })
    expect(await outcome(leaf(both.a, caId))).toBe('IssuerUnusable')
  })

  test('of two deletions of one CA at once, one is scheduled, design 3', async () => {
    for (let round = 0; round < 5; round++) {
      const caId = await rootCa(both.a)
      await at('a')('DisableCa', { caId })
      const ends = await Promise.all(
        (['a', 'b', 'a', 'b'] as const).map((which) => outcome(at(which)('DeleteCa', { caId, keepDays: 7 }))),
      )
      expect(ends.filter((end) => end === 'done')).toHaveLength(1)
      for (const end of ends) expect(['done', 'CaChanged', 'CaStateForbids']).toContain(end)
      const entries = (await at('b')('ListAuditEntries', { objectId: caId, limit: 100 })).rows as {
        operation: string
        outcome: string
      }[]
      expect(entries.filter((entry) => entry.operation === 'DeleteCa' && entry.outcome === 'done')).toHaveLength(1)
      await at('b')('RestoreCa', { caId })
    }
  })

  test('a CA that one disables does not issue any more at the other: nothing acknowledged later', async () => {
    const caId = await rootCa(both.a)
    await leaf(both.b, caId) // it holds the key in memory
    let disabled = false
    const late: string[] = []
    const issuing = Array.from({ length: 4 }, async (_, client) => {
      for (;;) {
        const began = disabled
        const end = await outcome(leaf(both.b, caId, `c${client}.example.com`))
        if (end !== 'done') return end
        if (began) late.push(end)
      }
    })
    await at('a')('DisableCa', { caId })
    disabled = true
    for (const end of await Promise.all(issuing)) expect(['IssuerUnusable', 'CaChanged']).toContain(end)
    expect(late).toEqual([])
  })

  test('a key that one disables stops writes at the other at once, and reads within a second, design 4', async () => {
    const user = await person(both.a, 'leaver', ['AdministratorAccess'])
    const act = (operation: string, input: unknown) => outcome(own(both.b.url, user, operation, input))
    expect(await act('ListUsers', {})).toBe('done')
    expect(await act('CreateUser', { userName: 'made-in-time' })).toBe('done')
    await at('a')('SetAccessKeyEnabled', { accessKeyId: user.accessKeyId, enabled: false })
    for (let write = 0; write < 5; write++)
      expect(await act('CreateUser', { userName: `too-late-${write}` })).not.toBe('done')
    await sleep(1_000)
    expect(await act('ListUsers', {})).not.toBe('done')
    expect(JSON.stringify(await at('b')('ListUsers', {}))).not.toContain('too-late')
  })

  test('a nonce that was used at one is used at the other, for reads as for writes, design 4', async () => {
    const date = new Date()
    const list = (which: 'a' | 'b', nonce: string) =>
      alibaba(
        both[which].url,
        both[which].credentials,
        'ListUserCertificateOrder',
        { OrderType: 'UPLOAD' },
        { nonce, date },
      )
    expect((await list('a', 'once')).status).toBe(200)
    expect((await list('b', 'once')).body).toMatchObject({ Code: 'SignatureNonceUsed' })
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all([list('a', `r${round}`), list('b', `r${round}`)])
      expect(answers.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([200, 400])
      await sleep(300) // ten a second
    }
    const remove = (which: 'a' | 'b') =>
      alibaba(both[which].url, both[which].credentials, 'DeleteUserCertificate', { CertId: '1' }, { nonce: 'w', date })
    expect((await remove('b')).body).not.toMatchObject({ Code: 'SignatureNonceUsed' })
    expect((await remove('a')).body).toMatchObject({ Code: 'SignatureNonceUsed' })
  })

  test('a hundred a second are a hundred over both, design 7', async () => {
    const passed: { sent: number; answered: number }[] = []
    let refused = 0
    const end = performance.now() + 5_000
    const client = async (which: 'a' | 'b') => {
      while (performance.now() < end) {
        const sent = performance.now()
        const { body } = await alibaba(both[which].url, both[which].credentials, 'GetUserCertificateDetail', {
          CertId: '1723732257804013',
        })
        if (String(body.Code).startsWith('Throttling')) refused++
        else passed.push({ sent, answered: performance.now() })
      }
    }
    await Promise.all((['a', 'b'] as const).flatMap((which) => [1, 2, 3, 4].map(() => client(which))))
    // A call passed at some instant between the two.
    const within = (from: number) =>
      passed.filter(({ sent, answered }) => sent >= from && answered < from + 1_000).length
    for (const { sent } of passed) expect(within(sent)).toBeLessThanOrEqual(100)
    expect(passed.length).toBeGreaterThan(200)
    expect(refused).toBeGreaterThan(0)
  })

  test('on its day a CA ends once, and every process has let go of the key before it is destroyed', async () => {
    const caId = await rootCa(both.a, 'Ending')
    await leaf(both.a, caId)
    await leaf(both.b, caId)
    const [{ key_id: keyId }] = (await both.query('SELECT key_id FROM cas WHERE id = $1', [caId])) as [
      { key_id: string },
    ]
    const keyFiles = () => readdirSync(join(both.a.dataFolder, 'keyring')).filter((name) => name === `${keyId}.key`)
    expect(keyFiles()).toHaveLength(1)
    await at('a')('DisableCa', { caId })
    await at('b')('DeleteCa', { caId, keepDays: 7 })
    await advance(both.a, 7.5)
    await until('the CA is destroyed', async () => {
      const [ca] = await both.query('SELECT state FROM cas WHERE id = $1', [caId])
      return ca?.['state'] === 'destroyed'
    })
    expect(keyFiles()).toEqual([])
    const confirmed = await both.query(
      'SELECT stage, count(*) AS n FROM key_confirmations WHERE key_id = $1 GROUP BY stage ORDER BY stage',
      [keyId],
    )
    expect(confirmed.map((row) => [row['stage'], Number(row['n'])])).toEqual([
      ['absent', 2],
      ['forgotten', 2],
    ])
    const entries = (await at('b')('ListAuditEntries', { objectId: caId, limit: 1000 })).rows as { operation: string }[]
    for (const operation of ['BeginCaEnd', 'DestroyCaKey'])
      expect(entries.filter((entry) => entry.operation === operation)).toHaveLength(1)
    const [{ n }] = (await both.query('SELECT count(*) AS n FROM crls WHERE ca_id = $1 AND final = 1', [caId])) as [
      { n: string },
    ]
    expect(Number(n)).toBe(1)
  })

  test('the emulator’s clock that one moves is the clock of both', async () => {
    const shown = async (which: 'a' | 'b') =>
      ((await (await fetch(`${both[which].url}/emulator/clock`)).json()) as { now_ms: number }).now_ms
    await advance(both.b, 3)
    const apart = async () => Math.abs((await shown('a')) - (await shown('b')))
    await until('the same day', async () => (await apart()) < 60_000)
    expect(await apart()).toBeLessThan(60_000)
  })

  test('both go on when the server has closed all their connections', async () => {
    const caId = await rootCa(both.a)
    await both.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = current_setting('application_name') AND pid <> pg_backend_pid()`,
    )
    for (const which of ['a', 'b'] as const) {
      expect(await leaf(both[which], caId)).toMatch(/^[0-9a-f-]{36}$/)
      expect((await at(which)('ShowCa', { caId })).state).toBe('active')
    }
  })
})

describe.skipIf(postgresIsMissing !== undefined)('kill -9 of one of two processes', () => {
  test('in the middle of the day: the other carries it through, once, when the leases have ended', async () => {
    // Whoever begins the day dies of it; what has begun does not begin again.
    await using both = await twoProcesses({ environment: { CERTKEEP_EMULATOR_KILL_AT: 'the-day.begun' } })
    const { a, b } = both
    const caId = await rootCa(a)
    await leaf(a, caId)
    await own(b.url, b.credentials, 'DisableCa', { caId })
    await own(b.url, b.credentials, 'DeleteCa', { caId, keepDays: 7 })
    await advance(a, 7.5).catch(() => undefined)
    const survivor = await Promise.race([a.ended.then(() => b), b.ended.then(() => a)])
    const state = async () => (await both.query('SELECT state FROM cas WHERE id = $1', [caId]))[0]?.['state']
    expect(await state()).toBe('ending')
    await until('the other has done it', async () => (await state()) === 'destroyed', 90)
    const { url, credentials } = survivor
    const { rows } = await own(url, credentials, 'ListAuditEntries', { objectId: caId, limit: 1000 })
    for (const operation of ['BeginCaEnd', 'DestroyCaKey'])
      expect((rows as { operation: string }[]).filter((entry) => entry.operation === operation)).toHaveLength(1)
  }, 180_000)
})
