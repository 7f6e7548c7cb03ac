import { expect, test } from 'vitest'
import type { CertificateFilter } from '../certificates/index.ts'
import { day, newNumberedUuid, numberOfUuid } from '../kernel/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { aCertificate, bytes, now, otherwise, ours, theirs } from './objects.fixture.ts'

const changed = otherwise('CertificateChanged')
const nameTaken = otherwise('NameTaken')
const all: CertificateFilter = { sources: ['issued', 'uploaded'], now, sortBy: 'createdAt', descending: false }
const page = { offset: 0, limit: 100 }
const endOfTime = Date.UTC(9999, 11, 31, 23, 59, 59) // RFC 5280 §4.1.2.5: no well-defined expiry

onEveryEngine(
  (engine) => `CertificateStore on ${engine}`,
  (engine) => {
    test('a certificate is read as it was inserted, by either of its names', async () => {
      await using db = await engine.open()
      const certificate = aCertificate({
        source: 'uploaded',
        genMode: 'upload',
        name: '证书 "1"',
        issuerId: 'an issuer',
        subject: { commonName: 'www.example.com', organization: 'Certkeep' },
        sans: ['www.example.com', '2001:db8::1'],
        notAfter: endOfTime,
        chain: bytes(1, 2, 3),
        sealedPrivateKey: bytes(0, 0xff),
        resourceGroupId: 'rg-1',
        tags: { team: 'blue' },
        revokedAt: now,
        revocationReason: 'superseded',
      })
      await db.commit([db.certificates.insert(certificate, nameTaken)])
      expect(await db.certificates.find(ours, certificate.id)).toEqual(certificate)
      expect(await db.certificates.findByNumber(ours, certificate.number)).toEqual(certificate)
    })

    test.each(['00000000-0000-4000-8000-000000000000', 'ffffffff-ffff-4fff-bfff-ffffffffffff'])(
      'the smallest and the largest number are kept without rounding: %s',
      async (id) => {
        await using db = await engine.open()
        const certificate = aCertificate({ id })
        await db.commit([db.certificates.insert(certificate, nameTaken)])
        expect(await db.certificates.findByNumber(ours, numberOfUuid(id))).toEqual(certificate)
        expect(await db.certificates.find(ours, id)).toEqual(certificate)
      },
    )

    test('an id that shares all bits of the number but not the others is another id', async () => {
      await using db = await engine.open()
      const id = newNumberedUuid()
      const sameNumber = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`
      await db.commit([db.certificates.insert(aCertificate({ id }), nameTaken)])
      expect(numberOfUuid(sameNumber)).toBe(numberOfUuid(id))
      expect(await db.certificates.find(ours, sameNumber)).toBeUndefined()
    })

    test.each(['', 'x', '1', 'not-a-uuid', '%', 'ffffffff-ffff-4fff-bfff-fffffffffff'])(
      'what is no id of ours finds nothing: %j',
      async (id) => {
        await using db = await engine.open()
        await db.commit([db.certificates.insert(aCertificate(), nameTaken)])
        expect(await db.certificates.find(ours, id)).toBeUndefined()
      },
    )

    test('a certificate of another account is not found by any name', async () => {
      await using db = await engine.open()
      const certificate = aCertificate({ accountId: theirs, name: 'shop', issuerId: 'an issuer' })
      await db.commit([db.certificates.insert(certificate, nameTaken)])
      expect(await db.certificates.find(ours, certificate.id)).toBeUndefined()
      expect(await db.certificates.findByNumber(ours, certificate.number)).toBeUndefined()
      expect(await db.certificates.findIssued(ours, 'an issuer', certificate.serial)).toBeUndefined()
      expect(await db.certificates.nameIsTaken(ours, 'shop')).toBe(false)
      expect(await db.certificates.list(ours, all, page)).toEqual({ rows: [], total: 0 })
    })

    test('an issued certificate is found by its issuer and serial', async () => {
      await using db = await engine.open()
      const certificate = aCertificate({ issuerId: 'an issuer' })
      const sameSerial = aCertificate({ issuerId: 'another', serial: certificate.serial })
      await db.commit([certificate, sameSerial].map((each) => db.certificates.insert(each, nameTaken)))
      expect(await db.certificates.findIssued(ours, 'an issuer', certificate.serial)).toEqual(certificate)
      expect(await db.certificates.findIssued(ours, 'an issuer', 'ff')).toBeUndefined()
    })

    test('a name is given once in an account, and is free again after a removal', async () => {
      await using db = await engine.open()
      const first = aCertificate({ source: 'uploaded', name: 'shop' })
      const insert = (given: Parameters<typeof aCertificate>[0]) =>
        db.commit([db.certificates.insert(aCertificate({ source: 'uploaded', ...given }), nameTaken)])
      await db.commit([db.certificates.insert(first, nameTaken)])
      await expect(insert({ name: 'shop' })).rejects.toBe(nameTaken)
      expect(await db.certificates.nameIsTaken(ours, 'shop')).toBe(true)
      await insert({ name: 'Shop' })
      await insert({ name: 'shop', accountId: theirs })
      await db.commit([db.certificates.remove(first, changed)])
      await insert({ name: 'shop' })
    })

    test('any number of certificates have no name', async () => {
      await using db = await engine.open()
      await db.commit([aCertificate(), aCertificate()].map((each) => db.certificates.insert(each, nameTaken)))
      expect(await db.certificates.list(ours, all, page)).toMatchObject({ total: 2 })
    })

    test('a number that is in use is refused, and not as a name that is taken', async () => {
      await using db = await engine.open()
      const first = aCertificate()
      await db.commit([db.certificates.insert(first, nameTaken)])
      const again = db.commit([db.certificates.insert(aCertificate({ id: first.id }), nameTaken)])
      await expect(again).rejects.toThrow(/unique/i)
      await expect(again).rejects.not.toBe(nameTaken)
    })

    test('of two writers that read the same row, the second is told it changed', async () => {
      await using db = await engine.open()
      const certificate = aCertificate()
      await db.commit([db.certificates.insert(certificate, nameTaken)])
      const revoked = { ...certificate, revokedAt: now, revocationReason: 'keyCompromise' } as const
      await db.commit([db.certificates.replace(certificate, revoked, changed)])
      const late = { ...certificate, tags: { team: 'red' } }
      await expect(db.commit([db.certificates.replace(certificate, late, changed)])).rejects.toBe(changed)
      expect(await db.certificates.find(ours, certificate.id)).toEqual({ ...revoked, version: 2 })
    })

    test('replacing leaves alone what a certificate says of itself', async () => {
      await using db = await engine.open()
      const certificate = aCertificate()
      await db.commit([db.certificates.insert(certificate, nameTaken)])
      const next = { ...certificate, accountId: theirs, serial: 'ff', notAfter: 0, tags: { a: 'b' }, name: 'n' }
      await db.commit([db.certificates.replace(certificate, next, changed)])
      const expected = { ...certificate, tags: { a: 'b' }, name: 'n', version: 2 }
      expect(await db.certificates.find(ours, certificate.id)).toEqual(expected)
    })

    test('a removal holds only for the row that was read, and only once', async () => {
      await using db = await engine.open()
      const certificate = aCertificate({ sealedPrivateKey: bytes(1) })
      await db.commit([db.certificates.insert(certificate, nameTaken)])
      await db.commit([db.certificates.replace(certificate, certificate, changed)])
      await expect(db.commit([db.certificates.remove(certificate, changed)])).rejects.toBe(changed)
      const current = (await db.certificates.find(ours, certificate.id))!
      await db.commit([db.certificates.remove(current, changed)])
      expect(await db.certificates.find(ours, certificate.id)).toBeUndefined()
      await expect(db.commit([db.certificates.remove(current, changed)])).rejects.toBe(changed)
    })
  },
)

onEveryEngine(
  (engine) => `CertificateStore.list on ${engine}`,
  (engine) => {
    type Given = NonNullable<Parameters<typeof aCertificate>[0]>

    /** The common names that a filter finds, in order. */
    async function names(certificates: readonly Given[], filter: Partial<CertificateFilter>): Promise<string[]> {
      await using db = await engine.open()
      await db.commit(certificates.map((given) => db.certificates.insert(aCertificate(given), nameTaken)))
      const { rows, total } = await db.certificates.list(ours, { ...all, ...filter }, page)
      expect(total).toBe(rows.length)
      return rows.map(({ commonName }) => commonName)
    }

    test('revoked stays revoked after expiry; expired is what ended before now', async () => {
      const certificates: Given[] = [
        { commonName: 'valid' },
        { commonName: 'this moment', notAfter: now },
        { commonName: 'expired', notAfter: now - 1 },
        { commonName: 'revoked', revokedAt: now },
        { commonName: 'both', revokedAt: now - day, notAfter: now - 1 },
      ]
      expect(await names(certificates, { state: 'valid' })).toEqual(['valid', 'this moment'])
      expect(await names(certificates, { state: 'expired' })).toEqual(['expired'])
      expect(await names(certificates, { state: 'revoked' })).toEqual(['revoked', 'both'])
      expect(await names(certificates, {})).toHaveLength(5)
    })

    test('filters by source, resource group and a range of ends', async () => {
      const certificates: Given[] = [
        { commonName: 'issued' },
        { commonName: 'uploaded', source: 'uploaded' },
        { commonName: 'grouped', resourceGroupId: 'rg-1' },
        { commonName: 'soon', notAfter: now + day },
      ]
      expect(await names(certificates, { sources: ['uploaded'] })).toEqual(['uploaded'])
      expect(await names(certificates, { resourceGroupId: 'rg-1' })).toEqual(['grouped'])
      expect(await names(certificates, { notAfterUpTo: now + day })).toEqual(['soon'])
      expect(await names(certificates, { notAfterUpTo: now + day - 1 })).toEqual([])
      expect(await names(certificates, { notAfterAbove: now + day })).not.toContain('soon')
      expect(await names(certificates, { notAfterAbove: now + day - 1 })).toContain('soon')
    })

    test.each([
      ['EXAMPLE', ['a.example.com', 'b.example.com']],
      ['%', ['100%']],
      ['_', ['_dmarc']],
      ['\\', ['a\\b']],
      ['\\_', []],
    ])('a part of a name means itself: %s', async (name, found) => {
      const certificates = ['a.example.com', 'b.example.com', '100%', '_dmarc', 'a\\b'].map((commonName) => ({
        commonName,
      }))
      expect(await names(certificates, { name })).toEqual(found)
    })

    test.each([
      ['SHOP.example', ['first']],
      ['2001:db8', ['second']],
      ['4444', ['first']],
      ['fir', ['first']],
      ['*', ['second']],
      // nothing but JSON between two names
      ['"', []],
      [',', []],
      ['[', []],
      ['.com","*', []],
      ['\\', []],
      ['%', []],
    ])('a keyword is a part of a domain name or of the id: %s', async (keyword, found) => {
      const certificates: Given[] = [
        {
          id: '44444444-4444-4444-8444-444444444444',
          commonName: 'first',
          sans: ['shop.example.com', 'b.example.com'],
        },
        { id: '55555555-5555-4555-8555-555555555555', commonName: 'second', sans: ['*.example.org', '2001:db8::1'] },
      ]
      expect(await names(certificates, { keyword })).toEqual(found)
    })

    test('by creation is the order in which they came, whatever their times say', async () => {
      const certificates: Given[] = [
        { commonName: 'first', createdAt: now + 1 },
        { commonName: 'second', createdAt: now },
      ]
      expect(await names(certificates, { sortBy: 'createdAt' })).toEqual(['first', 'second'])
      expect(await names(certificates, { sortBy: 'createdAt', descending: true })).toEqual(['second', 'first'])
    })

    test.each(['commonName', 'issuerName', 'notAfter'] as const)('sorts by %s, both ways', async (sortBy) => {
      const low: Given = { commonName: 'a', issuerName: 'a', notAfter: now + day }
      const high: Given = { commonName: 'b', issuerName: 'b', notAfter: endOfTime }
      expect(await names([high, low], { sortBy })).toEqual(['a', 'b'])
      expect(await names([low, high], { sortBy, descending: true })).toEqual(['b', 'a'])
    })

    test('pages of equal rows hold each row once, and the total counts all of them', async () => {
      await using db = await engine.open()
      const certificates = Array.from({ length: 7 }, () => aCertificate())
      await db.commit(certificates.map((each) => db.certificates.insert(each, nameTaken)))
      const filter: CertificateFilter = { ...all, sortBy: 'commonName', descending: true }
      const seen: string[] = []
      for (let offset = 0; offset < 9; offset += 3) {
        const { rows, total } = await db.certificates.list(ours, filter, { offset, limit: 3 })
        expect(total).toBe(7)
        seen.push(...rows.map(({ id }) => id))
      }
      expect(seen).toEqual(certificates.map(({ id }) => id).reverse())
      expect(await db.certificates.list(ours, filter, { offset: 0, limit: 0 })).toEqual({ rows: [], total: 7 })
    })

    test('what an issuer issued is marked revoked page by page of the inventory: unexpired and unrevoked ones only', async () => {
      await using db = await engine.open()
      const issuerId = newNumberedUuid()
      const certificates = [
        aCertificate({ issuerId }),
        aCertificate({ issuerId, notAfter: now - 1 }),
        aCertificate({ issuerId: newNumberedUuid() }),
        aCertificate({ issuerId, revokedAt: now - day, revocationReason: 'keyCompromise' }),
        aCertificate({ issuerId }),
      ]
      for (const each of certificates) await db.commit([db.certificates.insert(each, nameTaken)])
      const counts: number[] = []
      for (let after = 0; ;) {
        const next = await db.certificates.unrevokedOf(issuerId, after, now, 2)
        if (!next) break
        counts.push(next.count)
        await db.commit([db.certificates.markRevoked(issuerId, after, next.upTo, now, 'superseded')])
        after = next.upTo
      }
      expect(counts).toEqual([1, 0, 1])
      const found = await Promise.all(certificates.map(({ id }) => db.certificates.find(ours, id)))
      expect(found.map((each) => each!.revocationReason)).toEqual([
        'superseded',
        null,
        null,
        'keyCompromise',
        'superseded',
      ])
      expect(found[0]).toMatchObject({ revokedAt: now, version: 2 })
    })
  },
)
