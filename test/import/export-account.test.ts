import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own, type Caller } from '../support/client.ts'
import { crl, leaf, rootCa, until } from '../support/life.ts'
import { crlPem, file, openssl, opensslReq, selfSigned, verify } from '../support/openssl.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'
import { opensslCa, opensslDatabase } from './openssl-ca.ts'
import { describeWith } from '../support/tools.ts'

const sections = [
  'account',
  'resourceGroups',
  'policies',
  'groups',
  'users',
  'roles',
  'cas',
  'issuances',
  'revocations',
  'certificates',
  'auditEntries',
] as const
type Section = (typeof sections)[number]
// oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of an item is in its assertions
type Item = any
type Exported = Record<Section, Item[]>

describeWith('openssl', 'the way out (ExportAccount): everything but what the rules forbid', () => {
  let service: Service
  let reader: Caller
  let stranger: Caller
  const outside = opensslCa()
  const database = opensslDatabase(outside)
  const upload = selfSigned('upload.example.test')
  let ids: Record<'root' | 'subordinate' | 'imported' | 'pending' | 'outside' | 'leaf' | 'revoked' | 'byCsr', string>

  const call = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)

  beforeAll(async () => {
    service = await startService()
    const root = await rootCa(service, 'Exported Root')
    const validity = { unit: 'day', amount: 500 }
    const below = { type: 'subordinate', subject: { commonName: 'Below' }, keyAlgorithm: 'ed25519' }
    const { caId: subordinate } = await call('CreateCa', {
      ...below,
      issuerId: root,
      signatureHash: 'sha256',
      validity,
    })
    const { caId: pending } = await call('CreateCa', below)
    await call('TagCa', { caId: root, tags: { env: 'production', 名: '值' } })
    const { caId: imported } = await call('ImportCa', {
      certificates: outside.certificate,
      privateKey: outside.key,
      opensslIndex: database.index,
      lastCrlNumber: 5_000_000_000_000,
    })
    const csr = (subject: string) =>
      opensslReq(
        '-new',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        `${temporaryFolder()}/key.pem`,
        '-subj',
        `/CN=${subject}`,
      )
    const { certificateId: outsideCa } = await call('IssueCaByCsr', { issuerId: root, csr: csr('Outside'), validity })
    const ofLeaf = { issuerId: subordinate, validity: { unit: 'day', amount: 20 } }
    const { certificateId: byCsr } = await call('IssueCertificateByCsr', { ...ofLeaf, csr: csr('theirs') })
    const revoked = await leaf(service, root, 'revoked.example.test')
    await call('RevokeCertificate', { certificateId: revoked, reason: 'keyCompromise' })
    ids = {
      root,
      subordinate: subordinate as string,
      pending: pending as string,
      imported: imported as string,
      outside: outsideCa as string,
      byCsr: byCsr as string,
      revoked,
      leaf: await leaf(service, subordinate, 'leaf.example.test'),
    }
    await call('UploadCertificate', { name: 'uploaded', ...upload, tags: { owner: 'web' } })
    const onlyExport = {
      Version: '5.0',
      Statement: [{ Effect: 'Allow', Action: ['certkeep:account:export'] }],
    }
    reader = await person(service, 'reader', [onlyExport])
    const trust = {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { RAM: [`acs:ram::${service.credentials.accountId}:root`] },
    }
    await call('CreateResourceGroup', { name: 'web' })
    await call('CreateGroup', { groupName: 'operators' })
    await call('AddUserToGroup', { groupName: 'operators', userName: 'reader' })
    await call('CreateRole', {
      roleName: 'visitor',
      trustPolicy: JSON.stringify({ Version: '1', Statement: [trust] }),
    })
    stranger = await secondAccount(service)
  })
  afterAll(() => service[Symbol.asyncDispose]())

  async function exported(as: Caller, limit?: number): Promise<Exported> {
    const all = Object.fromEntries(sections.map((section) => [section, [] as Item[]])) as Exported
    const order: Section[] = []
    for (let cursor: string | undefined; ;) {
      const page = await own(service.url, as, 'ExportAccount', {
        ...(cursor === undefined ? {} : { cursor }),
        ...(limit === undefined ? {} : { limit }),
      })
      expect(page.format).toBe('certkeep-account-export-1')
      if (limit !== undefined) expect(page.items.length).toBeLessThanOrEqual(limit)
      if (order.at(-1) !== page.section) order.push(page.section as Section)
      all[page.section as Section].push(...(page.items as Item[]))
      if (page.next === null) break
      cursor = page.next as string
    }
    expect(order).toEqual(sections.filter((section) => order.includes(section)))
    return all
  }

  async function exportedKeys(as: Caller, limit = 2): Promise<Item[]> {
    const all: Item[] = []
    for (let cursor: string | undefined; ;) {
      const page = await own(service.url, as, 'ExportAccountKeys', cursor === undefined ? { limit } : { cursor, limit })
      all.push(...(page.items as Item[]))
      if (page.next === null) return all
      cursor = page.next as string
    }
  }

  test('all sections, whatever the size of a page; nothing is there twice', async () => {
    const withoutAudit = ({ account: [account], ...rest }: Exported) => ({
      ...rest,
      account: account.name,
      auditEntries: [],
    })
    const atOnce = await exported(service.credentials)
    for (const limit of [1, 2, 1_000])
      expect(withoutAudit(await exported(service.credentials, limit))).toEqual(withoutAudit(atOnce))
    expect(atOnce.account).toMatchObject([{ id: service.credentials.accountId, name: service.credentials.accountName }])
    expect(atOnce.cas.map(({ id }) => id as string).toSorted()).toEqual(
      [ids.root, ids.subordinate, ids.pending, ids.imported, ids.outside].toSorted(),
    )
    expect(atOnce.certificates).toHaveLength(4)
    expect(atOnce.issuances).toHaveLength(9)
    expect(atOnce.revocations).toHaveLength(2)
    expect(atOnce.users.map(({ name }) => name as string)).toContain('reader')
    expect(atOnce.policies).toHaveLength(1)
    const [{ id: policyId, versions }] = atOnce.policies
    const [{ id: groupId }] = atOnce.groups
    expect(atOnce.groups).toMatchObject([{ name: 'operators' }])
    expect(atOnce.roles).toMatchObject([
      { name: 'visitor', trustPolicy: expect.stringContaining('sts:AssumeRole') as string },
    ])
    expect(atOnce.resourceGroups.map(({ name }) => name as string)).toContain('web')
    expect(versions).toMatchObject([
      { number: 1, document: expect.stringContaining('certkeep:account:export') as string },
    ])
    expect(atOnce.users.find(({ name }) => name === 'reader')).toMatchObject({
      attachments: [{ policyId, scope: null }],
      groupIds: [groupId],
      accessKeys: [{ id: reader.accessKeyId, enabled: true }],
    })
    const operations = atOnce.auditEntries.map(({ operation }) => operation as string)
    expect(operations).toEqual(
      expect.arrayContaining(['CreateCa', 'ImportCa', 'RevokeCertificate', 'UploadCertificate']),
    )
  })

  test('CAs with their certificates, chains, tags and numbers of CRLs', async () => {
    const { cas } = await exported(service.credentials)
    const of = (id: string) => cas.find((ca) => ca.id === id)
    expect(of(ids.root)).toMatchObject({
      type: 'root',
      state: 'active',
      tags: { env: 'production', 名: '值' },
      chain: [],
    })
    expect(of(ids.pending)).toMatchObject({ state: 'pendingActivation', certificate: null })
    expect(of(ids.outside)).toMatchObject({ genMode: 'csr', keyId: null })
    expect(of(ids.imported)).toMatchObject({ genMode: 'importKey', certificate: outside.certificate })
    expect(of(ids.imported).lastCrlNumber).toBeGreaterThanOrEqual(5_000_000_000_000)
    const { certificate, chain } = of(ids.subordinate)
    expect(chain).toEqual([of(ids.root).certificate])
    expect(verify(certificate as string, { roots: chain[0] as string })).toMatchObject({ accepted: true })
  })

  test('certificates with chains, as PEM that OpenSSL follows; the ledgers with what was revoked', async () => {
    const { certificates, issuances, revocations } = await exported(service.credentials)
    const of = (id: string) => certificates.find((certificate) => certificate.id === id)
    const { certificate, chain } = of(ids.leaf)
    expect(verify(certificate as string, { roots: chain[1] as string, chain: chain[0] as string })).toMatchObject({
      accepted: true,
    })
    expect(of(ids.revoked)).toMatchObject({ state: 'revoked', revocationReason: 'keyCompromise', privateKeyHeld: true })
    expect(of(ids.byCsr)).toMatchObject({ genMode: 'csr', privateKeyHeld: false })
    expect(certificates.find(({ name }) => name === 'uploaded')).toMatchObject({ tags: { owner: 'web' }, chain: [] })
    expect(issuances).toContainEqual(
      expect.objectContaining({
        caId: ids.subordinate,
        serial: of(ids.leaf).serial,
        certificateSha256: of(ids.leaf).sha256,
      }),
    )
    expect(revocations).toContainEqual(
      expect.objectContaining({ caId: ids.root, serial: of(ids.revoked).serial, reason: 'keyCompromise' }),
    )
    expect(revocations).toContainEqual(expect.objectContaining({ caId: ids.imported, serial: '1002' }))
  })

  test('no private key, no secret, no hash of a password; of CAs not even sealed', async () => {
    const text = JSON.stringify(await exported(service.credentials))
    expect(text).not.toMatch(/PRIVATE KEY|[sS]ealed|passwordHash|[sS]ecret"|argon2/)
    expect(text).not.toContain(service.credentials.accessKeySecret)
    expect(text).not.toContain(service.credentials.password)
    const number = Buffer.from(createPrivateKey(outside.key).export({ format: 'jwk' }).d!, 'base64url')
    for (const encoding of ['base64', 'hex'] as const) expect(text).not.toContain(number.toString(encoding))
  })

  test('the keys of certificates have a right of their own; each page is an entry of the audit log', async () => {
    await exported(reader)
    await expect(exportedKeys(reader)).rejects.toThrow('AccessDenied')
    const keys = await exportedKeys(service.credentials)
    expect(keys.map(({ commonName }) => commonName as string).toSorted()).toEqual([
      'leaf.example.test',
      'revoked.example.test',
      'upload.example.test',
    ])
    const { certificates } = await exported(service.credentials)
    for (const { id, privateKey } of keys) {
      const { certificate } = certificates.find((each) => each.id === id)
      expect(createPublicKey(privateKey as string).equals(new X509Certificate(certificate as string).publicKey)).toBe(
        true,
      )
    }
    const { rows } = await call('ListAuditEntries', { objectType: 'account', limit: 1_000 })
    const entries = rows as { operation: string; userName: string; facts: Record<string, unknown> }[]
    expect(entries).toContainEqual(
      expect.objectContaining({ operation: 'ExportAccount', userName: 'reader', outcome: 'done' }),
    )
    expect(
      entries.filter(({ operation }) => operation === 'ExportAccountKeys').map(({ facts }) => facts),
    ).toContainEqual(expect.objectContaining({ certificateIds: expect.arrayContaining([ids.leaf]) as string[] }))
  })

  test('an account sees itself alone, also with a cursor of another', async () => {
    const theirs = await exported(stranger)
    expect([theirs.cas, theirs.certificates, theirs.issuances, theirs.revocations, theirs.policies]).toEqual([
      [],
      [],
      [],
      [],
      [],
    ])
    expect(await exportedKeys(stranger)).toEqual([])
    const cursor = `issuances:${ids.root}:0`
    const { section, items } = await own(service.url, stranger, 'ExportAccount', { cursor })
    expect([section, items]).not.toEqual(['issuances', expect.anything()])
    expect(JSON.stringify(items)).not.toContain(ids.root)
  })

  test.each([
    '',
    'x',
    'cas',
    'keys::',
    'cas:../:',
    'certificates::-1',
    'certificates::x',
    'auditEntries:1e99:1',
    'cas:a:b:c',
  ])('the cursor "%s" is refused', async (cursor) => {
    await expect(call('ExportAccount', { cursor })).rejects.toThrow('InputInvalid')
  })

  describe('what was exported comes in again elsewhere', () => {
    let elsewhere: Service
    beforeAll(async () => {
      elsewhere = await startService()
    })
    afterAll(() => elsewhere[Symbol.asyncDispose]())
    const there = (operation: string, input: unknown) => own(elsewhere.url, elsewhere.credentials, operation, input)

    test('certificates with their keys, as uploads', async () => {
      const { certificates } = await exported(service.credentials)
      for (const { id, privateKey, commonName } of await exportedKeys(service.credentials)) {
        const { certificate, chain } = certificates.find((each) => each.id === id)
        const pems = [certificate, ...chain].join('')
        await there('UploadCertificate', { name: commonName, certificate: pems, privateKey })
      }
      const { rows } = await there('ListRepositoryCertificates', { uploadedOnly: true, limit: 10, offset: 0 })
      const serials = (rows as { certificate: { serial: string } }[]).map(({ certificate }) => certificate.serial)
      const held = certificates.filter(({ privateKeyHeld }) => privateKeyHeld as boolean)
      expect(serials.toSorted()).toEqual(held.map(({ serial }) => serial as string).toSorted())
    })

    test('a CA whose key is the owner’s, with its ledgers: its CRL says what the last one here said, under a higher number', async () => {
      const revokedHere = await leaf(service, ids.imported, 'here.example.test')
      await call('RevokeCertificate', { certificateId: revokedHere, reason: 'superseded' })
      const said = (der: Uint8Array) => openssl('crl', '-in', file('crl.pem', crlPem(der)), '-noout', '-text')
      const serialsOn = (text: string) => (text.match(/Serial Number: [0-9A-F]+/g) ?? []).toSorted()
      const before = await until('two entries', async () => {
        const der = await crl(service, ids.imported)
        return der && serialsOn(said(der)).length === 2 && said(der)
      })

      const { cas, issuances, revocations } = await exported(service.credentials)
      const { certificate, chain, lastCrlNumber } = cas.find(({ id }) => id === ids.imported)
      const ofCa = ({ caId }: Item) => caId === ids.imported
      const revokedOf = new Map(revocations.filter(ofCa).map((each) => [each.serial as string, each]))
      const issued = issuances.filter(ofCa).map(({ serial, notAfter, kind }) => {
        const { revokedAt, reason } = revokedOf.get(serial as string) ?? {}
        return { serial, notAfter, ...(kind === 'root' ? {} : { kind }), ...(revokedAt ? { revokedAt, reason } : {}) }
      })
      const { caId } = await there('ImportCa', {
        certificates: [certificate, ...chain].join(''),
        privateKey: outside.key,
        issued,
        lastCrlNumber,
      })
      const after = said(await until('a CRL', () => crl(elsewhere, caId as string)))
      expect(serialsOn(after)).toEqual(serialsOn(before))
      const numberOn = (text: string) => BigInt(/CRL Number: *\n *(0x[0-9A-F]+|[0-9]+)/i.exec(text)![1]!)
      expect(numberOn(after)).toBeGreaterThan(numberOn(before))
    })
  })
})
