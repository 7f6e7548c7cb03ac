import type { Pool } from 'pg'
import { storageError } from './postgres-errors.ts'

/** Nonces that any process has seen. */
export interface NonceLedger {
  /** False when it was there: of two callers at once, in whichever process, one is told so. */
  remember(hash: Uint8Array, expiresAt: number): Promise<boolean>
}

const insertSql = `
  INSERT INTO nonces (expires_at, hash) SELECT * FROM unnest($1::bigint[], $2::bytea[])
  ON CONFLICT DO NOTHING RETURNING hash`

interface Waiting {
  hash: Uint8Array
  expiresAt: number
  resolve: (fresh: boolean) => void
  reject: (error: Error) => void
}

/**
 * Whatever comes in while one statement is under way shares the next. A nonce is seen by all processes when this resolves,
 * and on the disk within half a second, or together with the next durable commit of anybody, if that is sooner: the log is
 * written in order. So the nonce of a write is durable with the act, and what a crash of the server may forget are nonces
 * of reads.
 * @param pool of connections that are not durable: waiting for the disk at each read would be the slowest part of it
 */
export function postgresNonces(pool: Pool): NonceLedger {
  let gathered: Waiting[] = []
  let sending = false

  async function send(): Promise<void> {
    sending = true
    while (gathered.length > 0) {
      const batch = gathered
      gathered = []
      try {
        const { rows } = await pool.query<{ hash: Uint8Array }>({
          name: 'certkeep_nonces',
          text: insertSql,
          values: [batch.map(({ expiresAt }) => expiresAt), batch.map(({ hash }) => hash)],
        })
        // Each once: of two equal ones in a batch the second was seen before.
        const fresh = new Set(rows.map(({ hash }) => Buffer.from(hash).toString('hex')))
        for (const { hash, resolve } of batch) resolve(fresh.delete(Buffer.from(hash).toString('hex')))
      } catch (error) {
        for (const { reject } of batch) reject(storageError(error))
      }
    }
    sending = false
  }

  return {
    remember: (hash, expiresAt) =>
      new Promise((resolve, reject) => {
        gathered.push({ hash, expiresAt, resolve, reject })
        if (!sending) void send()
      }),
  }
}
