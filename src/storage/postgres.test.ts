import pg from 'pg'
import { describe, expect, test, vi } from 'vitest'
import { Problem, type Write } from '../kernel/index.ts'
import {
  CommitOutcomeUnknown,
  isDatabaseFailure,
  migratePostgres,
  openPool,
  postgresDatabase,
  postgresNonces,
  SchemaTooNew,
} from './index.ts'
import { storesOver } from './engines.fixture.ts'
import { migrations } from './migrate.ts'
import { aCa, aCrl, bytes, otherwise } from './objects.fixture.ts'
import { aPostgresSchema, postgresIsMissing } from './postgres-server.fixture.ts'

const changed = otherwise('Changed')
const superseded = otherwise('Superseded')

/** A migrated schema with all stores over it, and a session that is not ours, to get in the way with. */
async function aDatabase() {
  const schema = await aPostgresSchema({ fsync: false })
  const pool = openPool({ url: schema.url, size: 8 })
  await migratePostgres(pool, 17)
  const stranger = new pg.Client({ connectionString: schema.url })
  await stranger.connect()
  const observer = new pg.Client({ connectionString: schema.url }) // in a transaction, what is seen of others stands still
  await observer.connect()
  const stores = storesOver(postgresDatabase(pool))
  const count = async (sql: string) => Number((await observer.query<{ n: string }>(sql)).rows[0]!.n)
  return {
    ...stores,
    url: schema.url,
    pool,
    stranger,
    /** A write that waits until `openGate`. */
    gate: (): Write => ({ ...stores.meta.write('gate', 'passed'), rows: 1 }),
    async closeGate() {
      await stores.commit([stores.meta.write('gate', 'open')])
      await stranger.query(`BEGIN`)
      await stranger.query(`UPDATE meta SET value = 'closed' WHERE key = 'gate'`)
    },
    openGate: () => stranger.query('ROLLBACK'),
    /** Resolves when so many sessions of this schema wait for a lock. */
    async waiting(sessions: number) {
      for (;;) {
        const waiting = await count(
          `SELECT count(*) AS n FROM pg_locks JOIN pg_stat_activity USING (pid)
           WHERE NOT granted AND application_name = '${schema.name}' AND pid <> pg_backend_pid()`,
        )
        if (waiting === sessions) return
      }
    },
    terminateAll: () =>
      observer.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${schema.name}' AND pid <> ALL ($1)`,
        [[own(observer), own(stranger)]],
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all([stranger.end(), observer.end()])
      await pool.end()
      await schema[Symbol.asyncDispose]()
    },
  }
}

/** The backend of a session. */
const own = (client: pg.Client): number => (client as unknown as { processID: number }).processID

const settled = (commit: Promise<void>) =>
  commit.then(
    () => 'held',
    (error: unknown) => error,
  )

describe.skipIf(postgresIsMissing !== undefined)('guards under READ COMMITTED, design 7', () => {
  test('what a guard holds does not change before its commit has ended', async () => {
    await using db = await aDatabase()
    const ca = aCa()
    await db.commit([db.cas.insert(ca)])
    await db.closeGate()
    const guarded = settled(db.commit([db.cas.unchanged(ca, changed), db.gate()]))
    await db.waiting(1)
    const change = settled(db.commit([db.cas.replace(ca, { ...ca, state: 'disabled' }, changed)]))
    await db.waiting(2)
    expect(await db.cas.findById(ca.id)).toMatchObject({ state: 'active' })
    await db.openGate()
    expect([await guarded, await change]).toEqual(['held', 'held'])
  })

  test('a guard waits for a change that is under way, and sees it', async () => {
    await using db = await aDatabase()
    const ca = aCa()
    await db.commit([db.cas.insert(ca)])
    await db.closeGate()
    const change = settled(db.commit([db.cas.replace(ca, { ...ca, state: 'disabled' }, changed), db.gate()]))
    await db.waiting(1)
    const guarded = settled(db.commit([db.cas.unchanged(ca, changed)]))
    await db.waiting(2)
    await db.openGate()
    expect([await change, await guarded]).toEqual(['held', changed])
  })

  test('many guards hold at once, and whoever waits to change is not put off by those that come later', async () => {
    await using db = await aDatabase()
    const ca = aCa()
    await db.commit([db.cas.insert(ca)])
    await db.closeGate()
    const first = settled(db.commit([db.cas.unchanged(ca, changed), db.gate()]))
    await db.waiting(1)
    expect(await settled(db.commit([db.cas.unchanged(ca, changed)]))).toBe('held')
    const change = settled(db.commit([db.cas.replace(ca, { ...ca, state: 'disabled' }, changed)]))
    await db.waiting(2)
    const late = settled(db.commit([db.cas.unchanged(ca, changed)]))
    await db.waiting(3)
    await db.openGate()
    expect([await first, await change, await late]).toEqual(['held', 'held', changed])
  })

  test('rights: a key that keeps on writing cannot put off its own disabling', async () => {
    await using db = await aDatabase()
    const account = { id: '1', domainId: 'd', name: 'n', iamVersion: 1, createdAt: 0 }
    await db.commit([db.iam.insertAccount(account)])
    let stop = false
    const writer = async () => {
      for (;;) {
        const outcome = await settled(
          db.commit([db.iam.unchangedSince([{ id: '1', iamVersion: 1 }], changed), db.meta.write('x', 'y')]),
        )
        if (outcome !== 'held' || stop) return outcome
      }
    }
    const writers = [writer(), writer(), writer(), writer()]
    await db.commit([db.iam.raiseVersion('1')])
    stop = true
    expect(await Promise.all(writers)).toContain(changed)
    expect(await settled(db.commit([db.iam.unchangedSince([{ id: '1', iamVersion: 1 }], changed)]))).toBe(changed)
  })

  test('rights in two accounts at once: a change in either waits for the call that was judged on both', async () => {
    await using db = await aDatabase()
    const accounts = ['1', '2'].map((id) => ({ id, iamVersion: 1 }))
    for (const { id } of accounts)
      await db.commit([db.iam.insertAccount({ id, domainId: `d${id}`, name: `n${id}`, iamVersion: 1, createdAt: 0 })])
    const [own, other] = accounts
    await db.closeGate()
    const guarded = settled(db.commit([db.iam.unchangedSince([own!, other], changed), db.gate()]))
    await db.waiting(1)
    const changes = accounts.map(({ id }) => settled(db.commit([db.iam.raiseVersion(id)])))
    await db.waiting(3)
    await db.openGate()
    expect([await guarded, ...(await Promise.all(changes))]).toEqual(['held', 'held', 'held'])
    expect(await settled(db.commit([db.iam.unchangedSince([own!, other], changed)]))).toBe(changed)
  })

  test('of two publishers of CRLs at once the second sees the first, design 5', async () => {
    await using db = await aDatabase()
    let predecessor: number | undefined
    for (let round = 1; round <= 20; round++) {
      const publish = (number: number) =>
        settled(
          db.commit(
            db.revocations.publish(
              aCrl({ caId: 'ca', number }),
              [{ part: 0, bytes: bytes(1) }],
              superseded,
              predecessor,
            ),
          ),
        )
      const numbers = [round * 2, round * 2, round * 2 - 1]
      const outcomes = await Promise.all(numbers.map(publish))
      expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === superseded)).toHaveLength(2)
      predecessor = numbers[outcomes.indexOf('held')]
    }
  })
})

describe.skipIf(postgresIsMissing !== undefined)('what happens to a transaction on PostgreSQL', () => {
  test('a deadlock is repeated, and both sets hold', async () => {
    await using db = await aDatabase()
    const writes = ['a', 'b'].map((key) => db.meta.write(key, 'x'))
    await db.commit(writes)
    const sets = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? writes : writes.toReversed()))
    expect(await Promise.all(sets.map((set) => settled(db.commit(set))))).toEqual(sets.map(() => 'held'))
  })

  test('a connection that is lost before the commit is replaced, and the set holds once', async () => {
    await using db = await aDatabase()
    await db.closeGate()
    const commit = settled(db.commit([db.ledger.barKey(bytes(1), 1), db.gate()]))
    await db.waiting(1)
    await db.terminateAll()
    await db.waiting(1) // again, on a new connection
    await db.openGate()
    expect(await commit).toBe('held')
    expect(await db.ledger.keyBar(bytes(1))).toBe('compromised')
  })

  /** At COMMIT, when a row of meta was changed: `body` runs. */
  const atCommit = (body: string) => `
    CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT OR UPDATE ON meta DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION at_commit()`

  test('a connection that is lost during the commit: nobody is told anything but a failure, and the next commit holds', async () => {
    await using db = await aDatabase()
    await db.stranger.query(atCommit(`PERFORM pg_advisory_xact_lock(1);`))
    await db.stranger.query('SELECT pg_advisory_lock(1)')
    const commit = settled(db.commit([db.meta.write('a', '1')]))
    await db.waiting(1)
    await db.terminateAll()
    const outcome = await commit
    expect(outcome).toBeInstanceOf(CommitOutcomeUnknown)
    expect(outcome).not.toBeInstanceOf(Problem)
    await db.stranger.query('SELECT pg_advisory_unlock(1)')
    await db.commit([db.meta.write('b', '2')])
    expect(await db.meta.read('b')).toBe('2')
  })

  test('a serialization failure at the commit itself is repeated', async () => {
    await using db = await aDatabase()
    await db.stranger.query('CREATE SEQUENCE attempts')
    await db.stranger.query(
      atCommit(`IF nextval('attempts') < 3 THEN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END IF;`),
    )
    await db.commit([db.meta.write('a', '1')])
    expect(await db.meta.read('a')).toBe('1')
  })

  test('what is refused at the commit has not happened, and is a bug like any other', async () => {
    await using db = await aDatabase()
    await db.stranger.query(atCommit(`RAISE EXCEPTION 'never';`))
    await expect(db.commit([db.meta.write('a', '1')])).rejects.toThrow('never')
    expect(await db.meta.read('a')).toBeUndefined()
  })

  test.each(['53100', '57P01', '57014', '25006', '55P03', '58030'])(
    'a server that cannot write now (%s) is told as such, and can be tried again',
    async (code) => {
      await using db = await aDatabase()
      await db.stranger.query(atCommit(`RAISE EXCEPTION 'no' USING ERRCODE = '${code}';`))
      await expect(db.commit([db.meta.write('a', '1')])).rejects.toMatchObject({ code: 'Unavailable' })
      await db.stranger.query('DROP TRIGGER at_commit ON meta')
      await db.commit([db.meta.write('a', '1')])
    },
  )

  test('a read goes on over the loss of its connections', async () => {
    await using db = await aDatabase()
    await db.commit([db.meta.write('a', '1')])
    await Promise.all([db.meta.read('a'), db.meta.read('a'), db.meta.read('a')])
    await db.terminateAll()
    expect(await db.meta.read('a')).toBe('1')
  })

  test('a connection that is lost between two statements of whoever holds it ends nothing but itself', async () => {
    await using db = await aDatabase()
    const client = await db.pool.connect()
    await client.query('SELECT 1')
    await db.terminateAll()
    await vi.waitFor(() => expect(db.pool.totalCount).toBe(1))
    await expect(client.query('SELECT 1')).rejects.toBeInstanceOf(Error)
    client.release(true)
    expect(await db.meta.read('a')).toBeUndefined()
  })

  test('without a server, reads and commits say that it cannot be reached, without its password', async () => {
    const pool = openPool({ url: 'postgresql://somebody:geheim@127.0.0.1:1/none', size: 2 })
    const db = storesOver(postgresDatabase(pool))
    for (const outcome of [
      await settled(db.commit([db.meta.write('a', '1')])),
      await db.meta.read('a').catch((error: unknown) => error),
    ]) {
      expect(outcome).toMatchObject({ code: 'Unavailable' })
      expect(isDatabaseFailure(outcome)).toBe(true)
      expect(String((outcome as Error).stack)).not.toContain('geheim')
    }
    await pool.end()
  })

  test('U+0000, which this engine cannot hold, is refused as input', async () => {
    await using db = await aDatabase()
    await expect(db.commit([db.meta.write('a', 'x\0y')])).rejects.toMatchObject({ code: 'InputInvalid' })
    await expect(db.meta.read('x\0y')).rejects.toMatchObject({ code: 'InputInvalid' })
  })

  test('a server that is set to answer before the disk is told otherwise', async () => {
    await using db = await aDatabase()
    const careless = openPool({
      url: db.url.replace('search_path', 'synchronous_commit=off%20-c%20search_path'),
      size: 1,
    })
    const { rows } = await careless.query<{ synchronous_commit: string }>('SHOW synchronous_commit')
    expect(rows).toEqual([{ synchronous_commit: 'on' }])
    await careless.end()
  })

  test('text is ordered by its bytes, whatever the locale of the server', async () => {
    await using db = await aDatabase()
    await db.commit(['a', 'B', 'Ä', '中'].map((key) => db.meta.write(key, '')))
    const rows = await db.db.read((q) => q.selectFrom('meta').select('key').orderBy('key'))
    expect(rows.map(({ key }) => key)).toEqual(['B', 'a', 'Ä', '中'])
    const byTheServer = await db.stranger.query<{ key: string }>('SELECT key FROM meta ORDER BY key COLLATE "default"')
    expect(byTheServer.rows.map(({ key }) => key)).not.toEqual(['B', 'a', 'Ä', '中'])
  })
})

describe.skipIf(postgresIsMissing !== undefined)('nonces over several processes, design 4', () => {
  test('of calls with one nonce at once, over all connections and within one batch, one is fresh', async () => {
    await using db = await aDatabase()
    const pools = [1, 2].map(() => openPool({ url: db.url, size: 1, durable: false }))
    const ledgers = pools.map((pool) => postgresNonces(pool))
    for (let round = 0; round < 20; round++) {
      const answers = await Promise.all(
        ledgers.flatMap((ledger) => [1, 2, 3].map(() => ledger.remember(bytes(round), 1_000))),
      )
      expect(answers.filter(Boolean)).toHaveLength(1)
    }
    expect(await ledgers[0]!.remember(bytes(1), 2_000)).toBe(true) // signed for another time: another request
    await Promise.all(pools.map((pool) => pool.end()))
  })

  test('while the database is away nobody is told that a nonce is fresh', async () => {
    const pool = openPool({ url: 'postgresql://somebody@127.0.0.1:1/none', size: 1, durable: false })
    const ledger = postgresNonces(pool)
    const answers = await Promise.allSettled([ledger.remember(bytes(1), 1), ledger.remember(bytes(2), 1)])
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await pool.end()
  })
})

describe.skipIf(postgresIsMissing !== undefined)('migratePostgres', () => {
  const empty = async () => {
    const schema = await aPostgresSchema({ fsync: false })
    const pool = openPool({ url: schema.url, size: 4, patient: true })
    return {
      pool,
      url: schema.url,
      names: async () =>
        (
          await pool.query<{ name: string }>(
            'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1',
          )
        ).rows.map(({ name }) => name),
      applied: async () =>
        (await pool.query('SELECT name, applied_at FROM migrations ORDER BY name')).rows as unknown[],
      async [Symbol.asyncDispose]() {
        await pool.end()
        await schema[Symbol.asyncDispose]()
      },
    }
  }

  test('of several at once one applies, and a later one changes nothing', async () => {
    await using db = await empty()
    await Promise.all([17, 18, 19].map((now) => migratePostgres(db.pool, now)))
    const applied = await db.applied()
    expect(applied).toHaveLength(migrations.length)
    expect(new Set(applied.map((row) => (row as { applied_at: number }).applied_at)).size).toBe(1)
    await migratePostgres(db.pool, 20)
    expect(await db.applied()).toEqual(applied)
  })

  test('a statement that fails leaves nothing of all before it', async () => {
    await using db = await empty()
    await db.pool.query('CREATE TABLE audit_entries (mine int)')
    await expect(migratePostgres(db.pool, 17)).rejects.toThrow('already exists')
    expect(await db.names()).toEqual(['audit_entries'])
    await db.pool.query('DROP TABLE audit_entries')
    await migratePostgres(db.pool, 18)
  })

  test('a database of a later version is refused and left as it is', async () => {
    await using db = await empty()
    await migratePostgres(db.pool, 17)
    await db.pool.query(`INSERT INTO migrations VALUES ('9999-from-the-future', 20)`)
    const before = [await db.names(), await db.applied()]
    await expect(migratePostgres(db.pool, 18)).rejects.toThrow(SchemaTooNew)
    expect([await db.names(), await db.applied()]).toEqual(before)
  })
})
