import type { Pool } from 'pg'
import type { RateShareStore } from '../processes/index.ts'
import { storageError } from './postgres-errors.ts'

/** The sum over all processes that hold a lease stays at the limit: claims for one pair follow each other. */
const claimSql = `
  INSERT INTO rate_shares (pair, process_id, share, wanted)
  VALUES ($1, $2, greatest(0, least($3::bigint, $4::bigint - (
    SELECT coalesce(sum(share), 0)::bigint FROM rate_shares JOIN processes ON processes.id = process_id
    WHERE pair = $1 AND process_id <> $2 AND lease_until > (extract(epoch from clock_timestamp()) * 1000)::bigint
  ))), $3)
  ON CONFLICT (pair, process_id) DO UPDATE SET share = excluded.share, wanted = excluded.wanted
  RETURNING share`

const othersSql = `
  SELECT pair, sum(share)::bigint AS held, sum(rate_shares.wanted)::bigint AS wanted
  FROM rate_shares JOIN processes ON processes.id = process_id
  WHERE pair = ANY ($2) AND process_id <> $1 AND lease_until > (extract(epoch from clock_timestamp()) * 1000)::bigint
  GROUP BY pair`

/** @param pool may be one that is not durable: shares end with the leases of their processes anyway */
export function rateShareStore(pool: Pool): RateShareStore {
  return {
    async claim(pair, id, wanted, limit) {
      const client = await pool.connect().catch((error: unknown) => {
        throw storageError(error)
      })
      let healthy = false
      try {
        const [, , claimed] = await Promise.all([
          client.query('BEGIN ISOLATION LEVEL READ COMMITTED'),
          client.query('SELECT pg_advisory_xact_lock($1)', [Buffer.from(pair).readBigInt64BE().toString()]),
          client.query<{ share: number }>({
            name: 'certkeep_claim',
            text: claimSql,
            values: [pair, id, wanted, limit],
          }),
          client.query('COMMIT'),
        ])
        healthy = true
        return claimed.rows[0]!.share
      } catch (error) {
        throw storageError(error)
      } finally {
        client.release(!healthy)
      }
    },
    async others(id, pairs) {
      const { rows } = await pool
        .query<{ pair: Uint8Array; held: number; wanted: number }>({
          name: 'certkeep_others',
          text: othersSql,
          values: [id, pairs],
        })
        .catch((error: unknown) => {
          throw storageError(error)
        })
      return rows
    },
    async giveUp(id, pairs) {
      await pool.query('DELETE FROM rate_shares WHERE process_id = $1 AND pair = ANY ($2)', [id, pairs])
    },
    async giveUpAll(id) {
      await pool.query('DELETE FROM rate_shares WHERE process_id = $1', [id])
    },
  }
}
