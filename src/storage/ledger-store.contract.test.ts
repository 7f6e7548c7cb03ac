import { expect, test } from 'vitest'
import { day, newUuid } from '../kernel/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { anIssuance, aRevocation, aSigning, now, otherwise } from './objects.fixture.ts'

const duplicate = otherwise('SerialTaken')
const already = otherwise('AlreadyRevoked')
const traits = { crlUrl: null }
const nothing = { valid: 0, revoked: 0, expired: 0 }

onEveryEngine(
  (engine) => `the ledger of issuances on ${engine}, design 2`,
  (engine) => {
    test('an issuance is read as it was recorded', async () => {
      await using db = await engine.open()
      const issuance = anIssuance({ kind: 'ca' })
      await db.commit(db.ledger.record(issuance, traits, duplicate))
      expect(await db.ledger.find(issuance.caId, issuance.serial)).toEqual(issuance)
      expect(await db.ledger.find(newUuid(), issuance.serial)).toBeUndefined()
    })

    test('an issuer uses a serial once, RFC 5280 §4.1.2.2; another issuer may use the same', async () => {
      await using db = await engine.open()
      const issuance = anIssuance()
      await db.commit(db.ledger.record(issuance, traits, duplicate))
      await expect(db.commit(db.ledger.record({ ...issuance, notAfter: 0 }, traits, duplicate))).rejects.toBe(duplicate)
      expect(await db.ledger.find(issuance.caId, issuance.serial)).toEqual(issuance)
      await db.commit(db.ledger.record({ ...issuance, caId: newUuid() }, traits, duplicate))
    })

    test('a CA that signed nothing has nothing unexpired', async () => {
      await using db = await engine.open()
      expect(await db.ledger.under(newUuid(), now)).toEqual({
        leaves: nothing,
        cas: nothing,
        lastNotAfter: null,
        lastIssuedAt: null,
        days: [],
        withoutPointer: 0,
        pointerUnknown: 0,
        crlUrls: [],
        decrypting: 0,
      })
    })

    test('the summary counts what has not ended before now, by kind, and knows the last end', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const issuances = [
        anIssuance({ caId, notAfter: now }),
        anIssuance({ caId, notAfter: now + 5 * day }),
        anIssuance({ caId, notAfter: now - 1 }),
        anIssuance({ caId, kind: 'ca', notAfter: now + 9 * day }),
        anIssuance({ caId, kind: 'ca', notAfter: now - day }),
        anIssuance({ notAfter: now + 99 * day }),
      ]
      await db.commit(issuances.flatMap((each) => db.ledger.record(each, traits, duplicate)))
      expect(await db.ledger.under(caId, now)).toMatchObject({
        leaves: { valid: 2, revoked: 0, expired: 1 },
        cas: { valid: 1, revoked: 0, expired: 1 },
        lastNotAfter: now + 9 * day,
        lastIssuedAt: now,
        days: [
          { day: now, valid: 1, revoked: 0 },
          { day: now + 5 * day, valid: 1, revoked: 0 },
          { day: now + 9 * day, valid: 1, revoked: 0 },
        ],
      })
    })

    test('revoked are the unexpired ones that this CA revoked', async () => {
      await using db = await engine.open()
      const [leaf, ca] = [anIssuance(), anIssuance({ kind: 'ca' })]
      const { caId } = leaf
      const expired = anIssuance({ caId, notAfter: now - 1 })
      const valid = anIssuance({ caId })
      await db.commit(
        [leaf, { ...ca, caId }, expired, valid].flatMap((each) => db.ledger.record(each, traits, duplicate)),
      )
      const revocations = [
        aRevocation({ caId, serial: leaf.serial }),
        aRevocation({ caId, serial: ca.serial }),
        aRevocation({ caId, serial: expired.serial }),
        aRevocation({ caId }), // a serial that was never seen here
        aRevocation({ serial: valid.serial }), // the same serial, of another CA
      ]
      await db.commit(revocations.flatMap((each) => db.revocations.record(each, already)))
      expect(await db.ledger.under(caId, now)).toMatchObject({
        leaves: { valid: 1, revoked: 1, expired: 1 },
        cas: { valid: 0, revoked: 1, expired: 0 },
      })
    })

    test('the signing of a CA certificate that is open counts as issued, until it is done', async () => {
      await using db = await engine.open()
      const signing = aSigning({ notAfter: now + 700 * day })
      const { caId } = signing
      await db.commit([db.ledger.open(signing)])
      const counted = { leaves: nothing, cas: { valid: 1, revoked: 0, expired: 0 }, lastNotAfter: now + 700 * day }
      expect(await db.ledger.under(caId, now)).toMatchObject(counted)

      const issuance = anIssuance({ caId, kind: 'ca', serial: signing.serial, notAfter: signing.notAfter })
      await db.commit([...db.ledger.record(issuance, traits, duplicate), db.ledger.done(signing.id)])
      expect(await db.ledger.under(caId, now)).toMatchObject(counted)
    })

    test('the certificate of the responder is nothing under the CA: it ends with it', async () => {
      await using db = await engine.open()
      const responder = anIssuance({ kind: 'responder', notAfter: now + 7 * day })
      await db.commit(db.ledger.record(responder, traits, duplicate))
      expect(await db.ledger.find(responder.caId, responder.serial)).toEqual(responder)
      const none = { leaves: nothing, cas: nothing, lastNotAfter: null }
      expect(await db.ledger.under(responder.caId, now)).toMatchObject(none)
    })

    test('a signing of a CA certificate is open until it is done', async () => {
      await using db = await engine.open()
      const signing = aSigning()
      expect(await db.ledger.signingIsOpen(signing.caId, signing.serial)).toBe(false)
      await db.commit([db.ledger.open(signing)])
      expect(await db.ledger.signingIsOpen(signing.caId, signing.serial)).toBe(true)
      expect(await db.ledger.signingIsOpen(newUuid(), signing.serial)).toBe(false)
      await db.commit([db.ledger.done(signing.id)])
      expect(await db.ledger.signingIsOpen(signing.caId, signing.serial)).toBe(false)
    })

    test('an open signing whose serial was revoked counts as revoked: all revoked can be reached after a crash', async () => {
      await using db = await engine.open()
      const signing = aSigning()
      const { caId, serial } = signing
      await db.commit([db.ledger.open(signing), ...db.revocations.record(aRevocation({ caId, serial }), already)])
      expect(await db.ledger.under(caId, now)).toMatchObject({ cas: { valid: 0, revoked: 1, expired: 0 } })
    })

    test('open signings of CRLs, of the root itself, and expired ones, are nothing under the CA', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const signings = [
        aSigning({ caId, purpose: 'crl', serial: '17' }),
        aSigning({ caId, purpose: 'rootCertificate' }),
        aSigning({ caId, notAfter: now - 1 }),
      ]
      await db.commit(signings.map((each) => db.ledger.open(each)))
      expect(await db.ledger.under(caId, now)).toMatchObject({ leaves: nothing, cas: nothing, lastNotAfter: null })
    })

    test('the certificate of a root is on its ledger, and nothing under it', async () => {
      await using db = await engine.open()
      const root = anIssuance({ kind: 'root', notAfter: now + 999 * day })
      await db.commit(db.ledger.record(root, traits, duplicate))
      expect(await db.ledger.find(root.caId, root.serial)).toEqual(root)
      expect(await db.ledger.under(root.caId, now)).toMatchObject({ leaves: nothing, cas: nothing, lastNotAfter: null })
    })

    test('what ended today counts as unexpired while anything of the day has still to end, and no longer', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const issuances = [anIssuance({ caId, notAfter: now + 1_000 }), anIssuance({ caId, notAfter: now + 5_000 })]
      await db.commit(issuances.flatMap((each) => db.ledger.record(each, traits, duplicate)))
      expect(await db.ledger.under(caId, now + 5_000)).toMatchObject({ leaves: { valid: 2, expired: 0 } })
      expect(await db.ledger.under(caId, now + 5_001)).toMatchObject({
        leaves: { valid: 0, expired: 2 },
        lastNotAfter: null,
        days: [],
      })
    })

    test('where certificates say that their CRL is counts as long as they last, and so do keys that decrypt', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const record = (notAfter: number, crlUrl: string | null | undefined, decrypts = false) =>
        db.ledger.record(anIssuance({ caId, notAfter }), { crlUrl, decrypts }, duplicate)
      await db.commit([
        ...record(now + day, 'http://one.test/crl', true),
        ...record(now + day, 'http://one.test/crl'),
        ...record(now + 2 * day, 'http://two.test/crl'),
        ...record(now - day, 'http://old.test/crl', true),
        ...record(now + day, null),
        ...record(now + day, undefined),
      ])
      expect(await db.ledger.under(caId, now)).toMatchObject({
        crlUrls: ['http://one.test/crl', 'http://two.test/crl'],
        withoutPointer: 1,
        pointerUnknown: 1,
        decrypting: 1,
      })
    })

    test('a serial that was revoked before it was ever recorded is counted as revoked, and one never recorded as nothing', async () => {
      await using db = await engine.open()
      const issuance = anIssuance()
      const { caId, serial } = issuance
      await db.commit([
        ...db.revocations.record(aRevocation({ caId, serial }), already),
        ...db.revocations.record(aRevocation({ caId }), already),
      ])
      await db.commit(db.ledger.record(issuance, traits, duplicate))
      expect(await db.ledger.under(caId, now)).toMatchObject({ leaves: { valid: 0, revoked: 1 } })
    })

    test('certificates for CAs are found one by one, by who signed them and by their key', async () => {
      await using db = await engine.open()
      const caId = newUuid()
      const [one, other] = [anIssuance({ caId, kind: 'ca' }), anIssuance({ caId, kind: 'ca' })]
      const expired = anIssuance({ caId, kind: 'ca', notAfter: now - 1 })
      const { spkiSha256 } = one
      const crossSigned = anIssuance({ kind: 'ca', spkiSha256 })
      const all = [one, other, expired, crossSigned, anIssuance({ caId, spkiSha256 })]
      await db.commit([
        ...all.flatMap((each) => db.ledger.record(each, traits, duplicate)),
        ...db.revocations.record(aRevocation({ caId, serial: one.serial }), already),
        db.ledger.open(aSigning({ caId, serial: 'ff' })),
      ])
      const children = await db.ledger.caChildren(caId, now, 10)
      expect(new Map(children.map(({ serial, revokedAt }) => [serial, revokedAt]))).toEqual(
        new Map([
          [one.serial, now],
          [other.serial, null],
          ['ff', null],
        ]),
      )
      expect(await db.ledger.caChildren(caId, now, 1)).toHaveLength(1)
      expect((await db.ledger.ofCaKey(spkiSha256, now, 10)).map(({ serial }) => serial).toSorted()).toEqual(
        [one, other, crossSigned].map(({ serial }) => serial).toSorted(),
      )
    })

    test('a signing that was never opened cannot be done', async () => {
      await using db = await engine.open()
      await expect(db.commit([db.ledger.done(newUuid())])).rejects.toMatchObject({ code: 'Unavailable' })
    })
  },
)
