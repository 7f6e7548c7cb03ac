import { sql } from 'kysely'
import type { ChildKind, Issuance, IssuanceTraits, LedgerCount } from '../issuance/index.ts'
import { day, type Write } from '../kernel/index.ts'
import type { Database } from './database.ts'

/** In the column of the place where a certificate says its CRL is. */
const none = ''
const unknown = '?'

/**
 * Where several sessions write at once, each has a row of its own, so that none waits for another's commit (design 7).
 * One writer needs one.
 */
const slotOf = (db: Database) => (db.engine === 'postgres' ? sql<number>`pg_backend_pid() % 32` : sql<number>`0`)

/** Days since 1970: both engines divide whole numbers to whole numbers. */
const expiryDay = (column: string) => sql<number>`${sql.ref(column)} / 86400000`

/** The counters over the ledgers: kept in the commit of each issuance and revocation, and only ever summed. */
export function ledgerCounts(db: Database) {
  const slot = slotOf(db)
  const add = db.write<{
    caId: string
    serial: string
    day: number
    kind: string
    crlUrl: string
    decrypting: number
    notAfter: number
    issuedAt: number
  }>()((q, p) =>
    q
      .insertInto('ledger_counts')
      .values((e) => ({
        ca_id: p.caId,
        expiry_day: p.day,
        kind: p.kind,
        crl_url: p.crlUrl,
        slot,
        issued: 1,
        // A serial may have been revoked before it was ever seen here.
        revoked: e
          .selectFrom('revocations')
          .select((f) => f.fn.countAll<number>().as('count'))
          .where('ca_id', '=', p.caId)
          .where('serial', '=', p.serial),
        decrypting: p.decrypting,
        last_not_after: p.notAfter,
        last_issued_at: p.issuedAt,
      }))
      .onConflict((conflict) =>
        conflict.columns(['ca_id', 'expiry_day', 'kind', 'crl_url', 'slot']).doUpdateSet((e) => ({
          issued: e('ledger_counts.issued', '+', e.ref('excluded.issued')),
          revoked: e('ledger_counts.revoked', '+', e.ref('excluded.revoked')),
          decrypting: e('ledger_counts.decrypting', '+', e.ref('excluded.decrypting')),
          last_not_after: later('last_not_after'),
          last_issued_at: later('last_issued_at'),
        })),
      ),
  )
  const revoked = db.write<{ caId: string; from: string; upTo: string; now: number }>()((q, p) =>
    q
      .insertInto('ledger_counts')
      .columns([
        'ca_id',
        'expiry_day',
        'kind',
        'crl_url',
        'slot',
        'issued',
        'revoked',
        'decrypting',
        'last_not_after',
        'last_issued_at',
      ])
      .expression((e) =>
        e
          .selectFrom('issuances')
          .leftJoin('revocations', (join) =>
            join
              .onRef('revocations.ca_id', '=', 'issuances.ca_id')
              .onRef('revocations.serial', '=', 'issuances.serial'),
          )
          .where('issuances.ca_id', '=', p.caId)
          .where('issuances.serial', '>=', p.from)
          .where('issuances.serial', '<=', p.upTo)
          .where('issuances.not_after', '>=', p.now)
          .where('issuances.kind', 'in', ['leaf', 'ca'])
          .where('revocations.serial', 'is', null)
          .groupBy(['issuances.ca_id', expiryDay('issuances.not_after'), 'issuances.kind'])
          .select((f) => [
            'issuances.ca_id',
            expiryDay('issuances.not_after').as('expiry_day'),
            'issuances.kind',
            sql<string>`'?'`.as('crl_url'),
            slot.as('slot'),
            sql<number>`0`.as('issued'),
            f.fn.countAll<number>().as('revoked'),
            sql<number>`0`.as('decrypting'),
            sql<number>`0`.as('last_not_after'),
            sql<number>`0`.as('last_issued_at'),
          ]),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['ca_id', 'expiry_day', 'kind', 'crl_url', 'slot'])
          .doUpdateSet((e) => ({ revoked: e('ledger_counts.revoked', '+', e.ref('excluded.revoked')) })),
      ),
  )
  const all = db.query<{ caId: string }>()((q, p) =>
    q
      .selectFrom('ledger_counts')
      .where('ca_id', '=', p.caId)
      .groupBy(['kind', 'expiry_day', 'crl_url'])
      .select((e) => [
        'kind',
        'expiry_day as expiryDay',
        'crl_url as crlUrl',
        e.fn.sum<number>('issued').as('issued'),
        e.fn.sum<number>('revoked').as('revoked'),
        e.fn.sum<number>('decrypting').as('decrypting'),
        e.fn.max('last_not_after').as('lastNotAfter'),
        e.fn.max('last_issued_at').as('lastIssuedAt'),
      ]),
  )

  return {
    issued: (issuance: Issuance, { crlUrl, decrypts = false }: IssuanceTraits): Write =>
      add({
        caId: issuance.caId,
        serial: issuance.serial,
        day: Math.floor(issuance.notAfter / day),
        kind: issuance.kind,
        crlUrl: crlUrl === undefined ? unknown : (crlUrl ?? none),
        decrypting: decrypts ? 1 : 0,
        notAfter: issuance.notAfter,
        issuedAt: issuance.issuedAt,
      }),
    /**
     * Serials from one to another, both included, that are issued, end at `now` or later and are not revoked: in the
     * commit that revokes them, and before that is written.
     */
    revoked: (caId: string, from: string, upTo: string, now: number): Write => revoked({ caId, from, upTo, now }),
    async of(caId: string): Promise<LedgerCount[]> {
      return (await all.all({ caId })).map((row) => ({
        kind: row.kind as ChildKind,
        expiryDay: row.expiryDay,
        crlUrl: row.crlUrl === unknown ? undefined : row.crlUrl === none ? null : row.crlUrl,
        issued: Number(row.issued),
        revoked: Number(row.revoked),
        decrypting: Number(row.decrypting),
        lastNotAfter: Number(row.lastNotAfter),
        lastIssuedAt: Number(row.lastIssuedAt),
      }))
    },
  }
}

const later = (column: 'last_not_after' | 'last_issued_at') =>
  sql<number>`case when ${sql.ref(`excluded.${column}`)} > ${sql.ref(`ledger_counts.${column}`)}
    then ${sql.ref(`excluded.${column}`)} else ${sql.ref(`ledger_counts.${column}`)} end`
