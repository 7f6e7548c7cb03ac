import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import type { Committer, Write } from '../kernel/index.ts'
import type { BoundStatement } from './database.ts'
import { CommitOutcomeUnknown, isConnectionLost, isRefusal, mayRepeat, storageError } from './postgres-errors.ts'

const maxAttempts = 8

/**
 * A short READ COMMITTED transaction for each set (design 7), in two round trips: the begin, the locks and all writes
 * travel together; the counts are looked at; then the end.
 *
 * A SELECT that found its row says nothing about the next moment. So guards hold on to what they speak of
 * (see {@link import('./database.ts').Subject}) by advisory locks, shared by many guards, alone for whoever changes it.
 * Row locks could do that too, but sharing those is not fair: a key that keeps on writing could put off its own disabling
 * for as long as it liked. Here whoever waits is next.
 */
export class PostgresCommitter implements Committer {
  private readonly pool: Pool

  constructor(pool: Pool) {
    this.pool = pool
  }

  /** @throws CommitOutcomeUnknown beside what {@link Committer.commit} says */
  async commit(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.attempt(writes)
      } catch (error) {
        if (!(error instanceof NothingHappened)) throw error
        if (attempt === maxAttempts || !(mayRepeat(error.cause) || (attempt === 1 && isConnectionLost(error.cause))))
          throw storageError(error.cause)
      }
      await sleep(attempt * 2)
    }
  }

  private async attempt(writes: readonly Write[]): Promise<void> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw storageError(error)
    })
    let healthy = false
    try {
      const missed = await this.run(client, writes)
      healthy = true
      if (missed) throw missed.otherwise ?? new Error(`a write that must hold did not: ${missed.statement.sql}`)
    } catch (error) {
      healthy ||= error instanceof NothingHappened && isRefusal(error.cause)
      throw error
    } finally {
      client.release(!healthy)
    }
  }

  /** @returns the first write that did not hold, if any; then nothing happened */
  private async run(client: PoolClient, writes: readonly Write[]): Promise<Write | undefined> {
    const sent = [
      client.query('BEGIN ISOLATION LEVEL READ COMMITTED'),
      ...locksOf(writes).map((lock) => client.query(lock)),
    ]
    const before = sent.length
    for (const { statement } of writes) sent.push(client.query(asQuery(statement)))
    const ends = await Promise.allSettled(sent)
    const failed = ends.findIndex(({ status }) => status === 'rejected')
    const missed = writes.find(({ rows }, index) => {
      const end = ends[before + index]!
      return rows !== 'any' && end.status === 'fulfilled' && end.value.rowCount !== rows
    })
    // A write that did not hold comes before the failure, if there was one: what follows a failure fails with it.
    if (missed) {
      await rollBack(client)
      return missed
    }
    if (failed >= 0) {
      const { reason } = ends[failed] as PromiseRejectedResult
      if (isRefusal(reason)) await rollBack(client)
      throw new NothingHappened(reason)
    }
    await commitNow(client)
    return undefined
  }
}

/** Why the transaction did not take place: surely so, whatever the cause. */
class NothingHappened extends Error {
  constructor(cause: unknown) {
    super('the transaction did not take place', { cause })
  }
}

async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('ROLLBACK')
  } catch (error) {
    throw new NothingHappened(error)
  }
}

async function commitNow(client: PoolClient): Promise<void> {
  let command: string
  try {
    ;({ command } = await client.query('COMMIT'))
  } catch (error) {
    // A session that refuses lives on and has rolled back. One that ended may have done so before or after the commit.
    if (isRefusal(error)) throw new NothingHappened(error)
    throw new CommitOutcomeUnknown('the connection was lost during a commit, and nobody knows whether it took place')
  }
  if (command !== 'COMMIT') throw new NothingHappened(new Error(`the end of a transaction was a ${command}`))
}

const asQuery = ({ name, sql, parameters }: BoundStatement) => ({
  text: sql,
  values: [...parameters],
  ...(name === undefined ? {} : { name }),
})

/** All at the beginning and in one order for everybody, so that no two commits wait for each other. */
function locksOf(writes: readonly Write[]) {
  const alone = new Map<string, boolean>()
  for (const { statement } of writes) {
    const { holds, changes } = statement as BoundStatement
    if (holds !== undefined && !alone.has(holds)) alone.set(holds, false)
    if (changes !== undefined) alone.set(changes, true)
  }
  return [...alone]
    .map(([subject, exclusive]) => ({ key: lockKey(subject), exclusive }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Number(b.exclusive) - Number(a.exclusive)))
    .map(({ key, exclusive }) => ({
      name: exclusive ? 'certkeep_alone' : 'certkeep_shared',
      text: `SELECT pg_advisory_xact_lock${exclusive ? '' : '_shared'}($1)`,
      values: [key.toString()],
    }))
}

/** Two subjects of one number would only wait for each other without need. */
const lockKey = (subject: string): bigint => createHash('sha256').update(subject).digest().readBigInt64BE()
