import { expect, test } from 'vitest'
import { onEveryEngine } from './engines.fixture.ts'
import { aCa, aCertificate, anEntry, anIssuance, otherwise, ours, theirs } from './objects.fixture.ts'

const taken = otherwise('NameTaken')

/** All rows in pages of two. */
async function inPages<Row>(
  first: string | number,
  read: (after: never) => Promise<Row[]>,
  next: (row: Row) => unknown,
) {
  const all: Row[] = []
  for (let after: unknown = first; ;) {
    const page = await read(after as never)
    expect(page.length).toBeLessThanOrEqual(2)
    all.push(...page)
    if (page.length === 0) return all
    after = next(page.at(-1)!)
  }
}

onEveryEngine(
  (engine) => `AccountRows on ${engine}`,
  (engine) => {
    test('CAs of every state by id, unlisted ones too, and none of another account', async () => {
      await using db = await engine.open()
      const cas = [
        aCa({ keyId: null }),
        aCa({ keyId: null, state: 'destroyed' }),
        aCa({ keyId: null, listed: false, genMode: 'csr' }),
        aCa({ keyId: null, state: 'pendingActivation' }),
      ]
      await db.commit([...cas, aCa({ keyId: null, accountId: theirs })].map((ca) => db.cas.insert(ca)))
      const read = await inPages(
        '',
        (after) => db.rows.cas(ours, after, 2),
        ({ id }) => id,
      )
      expect(read).toEqual(cas.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    })

    test('issuances of one CA by serial', async () => {
      await using db = await engine.open()
      const issuances = ['0a', 'ff', '01', '0b', '1002'].map((serial) => anIssuance({ caId: 'ca', serial }))
      const other = anIssuance({ caId: 'another', serial: '05' })
      await db.commit([...issuances, other].flatMap((each) => db.ledger.record(each, { crlUrl: null }, taken)))
      const read = await inPages(
        '',
        (after) => db.rows.issuances('ca', after, 2),
        ({ serial }) => serial,
      )
      expect(read).toEqual(issuances.toSorted((a, b) => (a.serial < b.serial ? -1 : 1)))
    })

    test('certificates in the order in which they came', async () => {
      await using db = await engine.open()
      const certificates = [aCertificate(), aCertificate(), aCertificate({ source: 'uploaded', name: 'a' })]
      for (const each of [certificates[0]!, aCertificate({ accountId: theirs }), ...certificates.slice(1)])
        await db.commit([db.certificates.insert(each, taken)])
      const read = await inPages(
        0,
        (after) => db.rows.certificates(ours, after, 2),
        ({ seq }) => seq,
      )
      expect(read.map(({ certificate }) => certificate)).toEqual(certificates)
    })

    test('entries of the audit log, oldest first and up to one of them', async () => {
      await using db = await engine.open()
      expect(await db.rows.lastAuditSeq(ours)).toBe(0)
      for (const operation of ['First', 'Second', 'Third'])
        await db.commit([db.audit.insert(anEntry({ operation })), db.audit.insert(anEntry({ accountId: theirs }))])
      const last = await db.rows.lastAuditSeq(ours)
      await db.commit([db.audit.insert(anEntry({ operation: 'Later' }))])
      const read = await inPages(
        0,
        (after) => db.rows.auditEntries(ours, after, last, 2),
        ({ seq }) => seq,
      )
      expect(read.map(({ entry }) => entry.operation)).toEqual(['First', 'Second', 'Third'])
      expect(read.at(-1)!.seq).toBe(last)
    })
  },
)
