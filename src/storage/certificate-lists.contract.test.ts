import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { stateOf, type Certificate, type CertificateFilter } from '../certificates/index.ts'
import { day } from '../kernel/index.ts'
import { written } from './certificate-index.ts'
import { CertificateIndexer } from './certificate-indexer.ts'
import { onEveryEngine, type Engine } from './engines.fixture.ts'
import { aCertificate, now, otherwise, ours, theirs } from './objects.fixture.ts'

const changed = otherwise('CertificateChanged')
const nameTaken = otherwise('NameTaken')

/** Mulberry32: the same numbers for a seed on every machine. */
function randomOf(seed: number) {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!
  return { below, oneOf, chance: (of: number) => next() < of }
}

type Random = ReturnType<typeof randomOf>

const names = ['www.Example.com', 'shop.example.com', 'a', '100%', 'a\\b', '证书.cn', 'Ünder_score', 'fade']
const groups = ['', 'rg-1', 'rg-2']
const texts = ['EXAMPLE', 'w', 'sh', 'shop', '%', '_', '\\', 'fad', '证书.', '证', 'ü', 'Ü', '"', 'zzz', '4', '.com']
/** Around the borders of the states. */
const ends = [-90 * day, -1, 0, 1, day, 30 * day - 1, 30 * day, 30 * day + 1, 90 * day]

const aRandomCertificate = ({ oneOf, below, chance }: Random): Certificate => {
  const commonName = oneOf(names)
  return aCertificate({
    accountId: chance(0.9) ? ours : theirs,
    source: oneOf(['issued', 'issued', 'uploaded']),
    commonName,
    sans: oneOf([[], [commonName], ['x.example.org', commonName]]),
    issuerName: oneOf(['Root', 'root', 'Ÿ']),
    notAfter: now + oneOf(ends) + below(3),
    resourceGroupId: oneOf(groups),
    revokedAt: chance(0.1) ? now : null,
  })
}

const aRandomFilter = ({ oneOf, chance }: Random, clock: number): CertificateFilter => ({
  sources: oneOf([['issued'], ['uploaded'], ['issued', 'uploaded']]),
  state: oneOf([undefined, 'valid', 'expired', 'revoked']),
  now: clock,
  notAfterAbove: chance(0.2) ? clock + oneOf([30 * day, day]) : undefined,
  notAfterUpTo: chance(0.2) ? clock + oneOf([30 * day, day]) : undefined,
  name: chance(0.2) ? oneOf(texts) : undefined,
  keyword: chance(0.2) ? oneOf(texts) : undefined,
  resourceGroupId: chance(0.3) ? oneOf(groups) : undefined,
  sortBy: oneOf(['createdAt', 'createdAt', 'commonName', 'issuerName', 'notAfter']),
  descending: chance(0.5),
})

const folded = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
const holds = (text: string, part: string) => folded(text).includes(folded(part))

/** What a list is, said as plainly as it can be. `all` is in the order of creation. */
function naive(all: readonly Certificate[], filter: CertificateFilter): string[] {
  const found = all.filter(
    (each) =>
      each.accountId === ours &&
      filter.sources.includes(each.source) &&
      (filter.state === undefined || stateOf(each, filter.now) === filter.state) &&
      (filter.notAfterAbove === undefined || each.notAfter > filter.notAfterAbove) &&
      (filter.notAfterUpTo === undefined || each.notAfter <= filter.notAfterUpTo) &&
      (filter.name === undefined || holds(each.commonName, filter.name)) &&
      (filter.keyword === undefined ||
        [each.commonName, each.id, ...each.sans].some((text) => holds(text, filter.keyword!))) &&
      (filter.resourceGroupId === undefined || each.resourceGroupId === filter.resourceGroupId),
  )
  const { sortBy } = filter
  const sorted =
    sortBy === 'createdAt'
      ? found
      : found.toSorted((a, b) =>
          sortBy === 'notAfter'
            ? a.notAfter - b.notAfter
            : Buffer.compare(Buffer.from(a[sortBy]), Buffer.from(b[sortBy])),
        )
  const ids = sorted.map(({ id }) => id)
  return filter.descending ? ids.reverse() : ids
}

type Stores = Awaited<ReturnType<Engine['open']>>

/** Inserts a certificate so much later in the order of creation, as if others had been there and gone. */
async function insertAfter({ db, certificates }: Stores, by: number, certificate: Certificate): Promise<void> {
  const sequence = sql`pg_get_serial_sequence('certificates', 'seq')::regclass`
  if (db.engine === 'postgres')
    await db.read(written(sql`SELECT setval(${sequence}, nextval(${sequence}) + ${sql.lit(by)})`))
  const last = sql`max(seq, coalesce((SELECT seq_to FROM certificate_index), 0))`
  const further = db.write<object>()((q) =>
    written(
      sql`UPDATE certificates SET seq = ${last} + ${sql.lit(by)} WHERE seq = (SELECT max(seq) FROM certificates)`,
    )(q),
  )
  await db.commit([certificates.insert(certificate, nameTaken), ...(db.engine === 'sqlite' ? [further({})] : [])])
}

const pageOf = async ({ certificates }: Stores, filter: CertificateFilter, offset: number, limit: number) => {
  const { rows, total } = await certificates.list(ours, filter, { offset, limit })
  return { ids: rows.map(({ id }) => id), total }
}

onEveryEngine(
  (engine) => `Lists over the index on ${engine}`,
  (engine) => {
    test.each([1, 2, 3])(
      'whatever happened, and however far the index has come, a list is what the plain definition says: seed %i',
      { timeout: 120_000 },
      async (seed) => {
        const random = randomOf(seed)
        const { below, oneOf, chance } = random
        await using stores = await engine.open()
        let clock = now
        const indexer = new CertificateIndexer(stores.db, { now: () => clock }, oneOf([16, 64, 256]))
        const all: Certificate[] = Array.from({ length: 700 }, () => aRandomCertificate(random))
        const current = () => below(all.length)
        await stores.commit(all.map((each) => stores.certificates.insert(each, nameTaken)))
        await indexer.step()
        const acts: Record<string, () => Promise<void>> = {
          async insert() {
            const some = Array.from({ length: 1 + below(40) }, () => aRandomCertificate(random))
            await stores.commit(some.map((each) => stores.certificates.insert(each, nameTaken)))
            all.push(...some)
          },
          async leap() {
            const certificate = aRandomCertificate(random)
            await insertAfter(stores, oneOf([600, 70_000]), certificate)
            all.push(certificate)
          },
          async change() {
            const at = current()
            const was = all[at]!
            const next = chance(0.5)
              ? { ...was, revokedAt: was.revokedAt ?? clock, revocationReason: 'superseded' as const }
              : { ...was, resourceGroupId: oneOf(groups) }
            await stores.commit([stores.certificates.replace(was, next, changed)])
            all[at] = { ...next, version: was.version + 1 }
          },
          async remove() {
            // Often the last: SQLite gives its place in the order to the next.
            const [certificate] = all.splice(chance(0.5) ? all.length - 1 : current(), 1)
            await stores.commit([stores.certificates.remove(certificate!, changed)])
          },
          async time() {
            clock += oneOf([1, 2, day, 29 * day, 30 * day, -day])
          },
          async step() {
            await indexer.step()
          },
          catchUp: () => indexer.catchUp(),
        }
        const kinds = Object.keys(acts).flatMap((kind) => Array<string>(kind === 'time' ? 1 : 3).fill(kind))
        for (let turn = 0; turn < 150; turn++) {
          await acts[oneOf(kinds)]!()
          const filter = aRandomFilter(random, clock)
          const expected = naive(all, filter)
          const [offset, limit] = [chance(0.5) ? 0 : below(expected.length + 20), oneOf([0, 1, 50])]
          const page = await pageOf(stores, filter, offset, limit)
          expect(page, JSON.stringify({ turn, filter, offset, limit })).toEqual({
            ids: expected.slice(offset, offset + limit),
            total: expected.length,
          })
        }
      },
    )

    test('an index that is made behind existing certificates, step by step, is as one that was there all the time', async () => {
      await using stores = await engine.open()
      const all = Array.from({ length: 100 }, () => aCertificate())
      await stores.commit(all.map((each) => stores.certificates.insert(each, nameTaken)))
      const indexer = new CertificateIndexer(stores.db, { now: () => now }, 30)
      const filter: CertificateFilter = { sources: ['issued'], now, sortBy: 'createdAt', descending: true }
      let steps = 0
      do {
        expect(await pageOf(stores, filter, 90, 50)).toEqual({ ids: naive(all, filter).slice(90), total: 100 })
        steps++
      } while (await indexer.step())
      expect(steps).toBeGreaterThan(3)
    })

    test('of two indexers at once, what both do is done once', async () => {
      await using stores = await engine.open()
      const all = Array.from({ length: 60 }, () => aCertificate())
      await stores.commit(all.map((each) => stores.certificates.insert(each, nameTaken)))
      const indexers = [1, 2].map(() => new CertificateIndexer(stores.db, { now: () => now }, 7))
      await Promise.all(indexers.map((indexer) => indexer.catchUp()))
      const filter: CertificateFilter = { sources: ['issued'], now, sortBy: 'commonName', descending: false }
      expect((await pageOf(stores, filter, 0, 100)).total).toBe(60)
    })
  },
)
