import { expect, test } from 'vitest'
import { day, newUuid } from '../kernel/index.ts'
import { onEveryEngine } from './engines.fixture.ts'
import { anIssuance, aRevocation, aSigning, now, otherwise } from './objects.fixture.ts'

const duplicate = otherwise('SerialTaken')
const already = otherwise('AlreadyRevoked')

onEveryEngine(
  (engine) => `the ledger of issuances on ${engine}, design 2`,
  (engine) => {
    test('an issuance is read as it was recorded', async () => {
      await using db = await engine.open()
      const issuance = anIssuance({ kind: 'ca' })
      await db.commit([db.ledger.record(issuance, duplicate)])
      expect(await db.ledger.find(issuance.caId, issuance.serial)).toEqual(issuance)
      expect(await db.ledger.find(newUuid(), issuance.serial)).toBeUndefined()
    })

    test('an issuer uses a serial once, RFC 5280 §4.1.2.2; another issuer may use the same', async () => {
      await using db = await engine.open()
      const issuance = anIssuance()
      await db.commit([db.ledger.record(issuance, duplicate)])
      await expect(db.commit([db.ledger.record({ ...issuance, notAfter: 0 }, duplicate)])).rejects.toBe(duplicate)
      expect(await db.ledger.find(issuance.caId, issuance.serial)).toEqual(issuance)
      await db.commit([db.ledger.record({ ...issuance, caId: newUuid() }, duplicate)])
    })

    test('a CA that signed nothing has nothing unexpired', async () => {
      await using db = await engine.open()
      expect(await db.ledger.unexpired(newUuid(), now)).toEqual({ leaves: 0, cas: 0, revoked: 0, lastNotAfter: null })
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
      await db.commit(issuances.map((each) => db.ledger.record(each, duplicate)))
      const expected = { leaves: 2, cas: 1, revoked: 0, lastNotAfter: now + 9 * day }
      expect(await db.ledger.unexpired(caId, now)).toEqual(expected)
    })

    test('revoked are the unexpired ones that this CA revoked', async () => {
      await using db = await engine.open()
      const [leaf, ca] = [anIssuance(), anIssuance({ kind: 'ca' })]
      const { caId } = leaf
      const expired = anIssuance({ caId, notAfter: now - 1 })
      const valid = anIssuance({ caId })
      await db.commit([leaf, { ...ca, caId }, expired, valid].map((each) => db.ledger.record(each, duplicate)))
      const revocations = [
        aRevocation({ caId, serial: leaf.serial }),
        aRevocation({ caId, serial: ca.serial }),
        aRevocation({ caId, serial: expired.serial }),
        aRevocation({ caId }), // a serial that was never seen here
        aRevocation({ serial: valid.serial }), // the same serial, of another CA
      ]
      await db.commit(revocations.flatMap((each) => db.revocations.record(each, already)))
      expect(await db.ledger.unexpired(caId, now)).toMatchObject({ leaves: 2, cas: 1, revoked: 2 })
    })

    test('the signing of a CA certificate that is open counts as issued, until it is done', async () => {
      await using db = await engine.open()
      const signing = aSigning({ notAfter: now + 700 * day })
      const { caId } = signing
      await db.commit([db.ledger.open(signing)])
      const counted = { leaves: 0, cas: 1, revoked: 0, lastNotAfter: now + 700 * day }
      expect(await db.ledger.unexpired(caId, now)).toEqual(counted)

      const issuance = anIssuance({ caId, kind: 'ca', serial: signing.serial, notAfter: signing.notAfter })
      await db.commit([db.ledger.record(issuance, duplicate), db.ledger.done(signing.id)])
      expect(await db.ledger.unexpired(caId, now)).toEqual(counted)
    })

    test('the certificate of the responder is nothing under the CA: it ends with it', async () => {
      await using db = await engine.open()
      const responder = anIssuance({ kind: 'responder', notAfter: now + 7 * day })
      await db.commit([db.ledger.record(responder, duplicate)])
      expect(await db.ledger.find(responder.caId, responder.serial)).toEqual(responder)
      const none = { leaves: 0, cas: 0, revoked: 0, lastNotAfter: null }
      expect(await db.ledger.unexpired(responder.caId, now)).toEqual(none)
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
      expect(await db.ledger.unexpired(caId, now)).toMatchObject({ cas: 1, revoked: 1 })
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
      expect(await db.ledger.unexpired(caId, now)).toEqual({ leaves: 0, cas: 0, revoked: 0, lastNotAfter: null })
    })

    test('the certificate of a root is on its ledger, and nothing under it', async () => {
      await using db = await engine.open()
      const root = anIssuance({ kind: 'root', notAfter: now + 999 * day })
      await db.commit([db.ledger.record(root, duplicate)])
      expect(await db.ledger.find(root.caId, root.serial)).toEqual(root)
      expect(await db.ledger.unexpired(root.caId, now)).toMatchObject({ leaves: 0, cas: 0, lastNotAfter: null })
    })

    test('a signing that was never opened cannot be done', async () => {
      await using db = await engine.open()
      await expect(db.commit([db.ledger.done(newUuid())])).rejects.toMatchObject({ code: 'Unavailable' })
    })
  },
)
