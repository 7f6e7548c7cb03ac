import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { day } from '../../kernel/index.ts'
import { huaweiHeaders } from '../../../test/support/client.ts'
import {
  aLeaf,
  aPendingCa,
  aRoot,
  aSubordinate,
  cas,
  certificates,
  createCa,
  openClient,
  origin,
  type Client,
} from './door.fixture.ts'

const nobodys = '11111111-2222-4333-8444-555555555555'

describe('DeleteCertificateAuthority', () => {
  let client: Client
  let send: Client['send']
  let root: string
  beforeAll(async () => {
    client = await openClient()
    root = await createCa(client.send, aRoot)
  })
  afterAll(() => client[Symbol.asyncDispose]())
  // The limit is 20 calls a second for one user and operation: each test has a user of its own.
  let users = 0
  beforeEach(async () => {
    send = client.as(await client.core.createUser(`user-${++users}`, ['PCA FullAccess']))
  })

  const show = (id: string) => send('GET', `${cas}/${id}`)
  const aDisabledCa = async () => {
    const id = await createCa(send, aSubordinate(root))
    expect((await send('POST', `${cas}/${id}/disable`)).status).toBe(204)
    return id
  }

  test.each([
    ['7', 7],
    ['30', 30],
    ['15', 15],
  ])('a DISABLED CA is scheduled for pending_days=%s, answered 204 without a body', async (text, days) => {
    const id = await aDisabledCa()
    const before = client.core.deps.domainClock.now()
    const answer = await send('DELETE', `${cas}/${id}?pending_days=${text}`)
    const after = client.core.deps.domainClock.now()
    expect(answer).toMatchObject({ status: 204, body: undefined })
    expect(answer.bytes).toHaveLength(0)
    expect(answer.headers['X-Request-Id']).toMatch(/^[0-9a-f]{32}$/)
    const { status, delete_time: deleteTime } = (await show(id)).body
    expect(status).toBe('DELETED')
    expect(deleteTime).toBeGreaterThanOrEqual(before + days * day)
    expect(deleteTime).toBeLessThanOrEqual(after + days * day)
  })

  test.each([
    ['absent, as Python sends it', ''],
    ['empty, as Go sends it', '?pending_days'],
    ['empty with an equals sign', '?pending_days='],
  ])('pending_days %s means 30 (huawei-wire.md §9)', async (_, query) => {
    const id = await aDisabledCa()
    expect((await send('DELETE', `${cas}/${id}${query}`)).status).toBe(204)
    const { delete_time: deleteTime } = (await show(id)).body
    expect(Math.round((deleteTime - client.core.deps.domainClock.now()) / day)).toBe(30)
  })

  test('pending_days in the body has no effect, whatever the body is', async () => {
    const first = await aDisabledCa()
    expect((await send('DELETE', `${cas}/${first}?pending_days=8`, { pending_days: '20' })).status).toBe(204)
    const { delete_time: deleteTime } = (await show(first)).body
    expect(Math.round((deleteTime - client.core.deps.domainClock.now()) / day)).toBe(8)
    const second = await aDisabledCa()
    expect((await send('DELETE', `${cas}/${second}`, 'not JSON {')).status).toBe(204)
  })

  test.each(['6', '31', '0', '-7', '07', '7.0', '100', '1e1', 'abc', '+7', ' ', '７'])(
    'pending_days=%s is refused with PCA.00020001 and nothing is done',
    async (text) => {
      const id = await aDisabledCa()
      const answer = await send('DELETE', `${cas}/${id}?pending_days=${encodeURIComponent(text)}`)
      expect(answer).toMatchObject({ status: 400, body: { error_code: 'PCA.00020001' } })
      expect(answer.body.error_msg).toContain('pending_days')
      expect((await show(id)).body.status).toBe('DISABLED')
    },
  )

  test('pending_days given twice is refused: nobody could say which one holds', async () => {
    const id = await aDisabledCa()
    const answer = await send('DELETE', `${cas}/${id}?pending_days=7&pending_days=30`)
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'PCA.00020001' } })
    expect((await show(id)).body.status).toBe('DISABLED')
  })

  test('a PENDING CA goes at once, whatever pending_days says', async () => {
    const id = await createCa(send, aPendingCa)
    expect((await send('DELETE', `${cas}/${id}?pending_days=30`)).status).toBe(204)
    expect(await show(id)).toMatchObject({ status: 404, body: { error_code: 'PCA.10010002' } })
    expect((await send('DELETE', `${cas}/${id}`)).status).toBe(404)
  })

  test('an ACTIVED CA is refused, the state in the message; it stays as it was', async () => {
    const id = await createCa(send, aSubordinate(root))
    const answer = await send('DELETE', `${cas}/${id}`)
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'PCA.10010901' } })
    expect(answer.body.error_msg).toBe('deletion is not possible while the CA is ACTIVED; disable it first')
    expect((await show(id)).body).toMatchObject({ status: 'ACTIVED', delete_time: null })
  })

  test('a DELETED CA is refused: a second call does not move the day', async () => {
    const id = await aDisabledCa()
    expect((await send('DELETE', `${cas}/${id}?pending_days=7`)).status).toBe(204)
    const { delete_time: deleteTime } = (await show(id)).body
    const answer = await send('DELETE', `${cas}/${id}?pending_days=30`)
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'PCA.10010901' } })
    expect(answer.body.error_msg).toContain('while the CA is DELETED')
    expect((await show(id)).body.delete_time).toBe(deleteTime)
  })

  test('an EXPIRED CA is refused until it has been disabled', async () => {
    const short = { ...aSubordinate(root), validity: { type: 'HOUR', value: 1 } }
    const id = await createCa(send, short)
    client.core.advance(2 * 3_600_000)
    expect((await show(id)).body.status).toBe('EXPIRED')
    const answer = await send('DELETE', `${cas}/${id}`)
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'PCA.10010901' } })
    expect(answer.body.error_msg).toBe('deletion is not possible while the CA is EXPIRED; disable it first')
    expect((await send('POST', `${cas}/${id}/disable`)).status).toBe(204)
    expect((await send('DELETE', `${cas}/${id}`)).status).toBe(204)
    expect((await show(id)).body.status).toBe('DELETED')
  })

  test('a revoked CA is scheduled like a disabled one (huawei-ca-lifecycle.md §4)', async () => {
    const id = await createCa(send, aSubordinate(root))
    expect((await send('POST', `${cas}/${id}/revoke`, { reason: null })).status).toBe(204)
    expect((await show(id)).body.status).toBe('ACTIVED')
    expect((await send('DELETE', `${cas}/${id}?pending_days=7`)).status).toBe(204)
    expect((await show(id)).body.status).toBe('DELETED')
  })

  test('unknown and foreign ids answer alike, byte for byte but for the id', async () => {
    const other = await client.core.createAccount(`other-${users}`)
    const foreign = await createCa(client.as(other), aPendingCa)
    const texts = await Promise.all(
      [nobodys, foreign].map(async (id) => {
        const answer = await send('DELETE', `${cas}/${id}`)
        expect(answer).toMatchObject({ status: 404, body: { error_code: 'PCA.10010002' } })
        return answer.bytes.toString().replace(id, '<id>')
      }),
    )
    expect(texts[0]).toBe(texts[1])
    expect((await client.as(other)('GET', `${cas}/${foreign}`)).status).toBe(200)
  })

  test.each(['abc', nobodys.replace('1', 'A'), `${nobodys}0`, 'a--b', '%00', 'tags'])(
    'a malformed id (%s) has its own code, and the message names the parameter',
    async (id) => {
      const answer = await send('DELETE', `${cas}/${id}`)
      expect(answer).toMatchObject({ status: 400, body: { error_code: 'PCA.10010105' } })
      expect(answer.body.error_msg).toContain('ca_id')
    },
  )

  test('without an id, or with a slash behind it, it is another path: 404 or 405, and nothing is done', async () => {
    expect((await send('DELETE', `${cas}/`)).status).toBe(404)
    expect(await send('DELETE', cas)).toMatchObject({ status: 405, headers: { Allow: 'GET, POST' } })
    const id = await aDisabledCa()
    expect((await send('DELETE', `${cas}/${id}/`)).status).toBe(404)
    expect((await show(id)).body.status).toBe('DISABLED')
  })

  test('401 without credentials, with a wrong secret, and for a query changed after signing', async () => {
    const id = await aDisabledCa()
    const target = `${cas}/${id}?pending_days=30`
    expect(await client.bare('DELETE', target)).toMatchObject({ status: 401, body: { error_code: 'APIG.0301' } })
    const { accessKeyId } = client.core.administrator
    const forged = client.as({ accessKeyId, accessKeySecret: 'x'.repeat(40) })
    expect(await forged('DELETE', target)).toMatchObject({ status: 401, body: { error_code: 'APIG.0301' } })
    const headers = huaweiHeaders(client.core.administrator, 'DELETE', new URL(target, origin), '')
    expect((await client.bare('DELETE', target.replace('30', '7'), { headers })).status).toBe(401)
    expect((await show(id)).body.status).toBe('DISABLED')
  })

  test('403 names the missing action, and is the same for a CA that is there and one that is not', async () => {
    const id = await aDisabledCa()
    const reader = client.as(await client.core.createUser(`reader-${users}`, ['PCA ReadOnlyAccess']))
    const texts = await Promise.all(
      [id, nobodys].map(async (each) => {
        const answer = await reader('DELETE', `${cas}/${each}`)
        expect(answer).toMatchObject({ status: 403, body: { error_code: 'PCA.10010910' } })
        expect(answer.body.error_msg).toContain('pca:ca:delete')
        return answer.bytes.toString()
      }),
    )
    expect(texts[0]).toBe(texts[1])
    expect((await show(id)).body.status).toBe('DISABLED')
  })

  test('403 for an explicit Deny on this one CA, beside a policy that allows everything', async () => {
    const id = await aDisabledCa()
    const denied = await client.core.createUser(`denied-${users}`, [
      'PCA FullAccess',
      {
        Version: '5.0',
        Statement: [
          {
            Effect: 'Deny',
            Action: ['pca:ca:delete'],
            Resource: [`pca::${client.core.administrator.domainId}:ca:${id}`],
          },
        ],
      },
    ])
    expect((await client.as(denied)('DELETE', `${cas}/${id}`)).status).toBe(403)
    const another = await aDisabledCa()
    expect((await client.as(denied)('DELETE', `${cas}/${another}`)).status).toBe(204)
  })

  test('of two calls at once one wins, and the other hears a refusal', async () => {
    const id = await aDisabledCa()
    const statuses = (
      await Promise.all([7, 30].map((days) => send('DELETE', `${cas}/${id}?pending_days=${days}`)))
    ).map(({ status }) => status)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([204, 400])
  })

  test('nothing below a CA is touched: children and certificates stay as they are', async () => {
    const parent = await createCa(send, { ...aSubordinate(root), path_length: 2 })
    const child = await createCa(send, aSubordinate(parent))
    const leaf = (await send('POST', certificates, aLeaf(parent))).body.certificate_id
    expect((await send('POST', `${cas}/${parent}/disable`)).status).toBe(204)
    expect((await send('DELETE', `${cas}/${parent}`)).status).toBe(204)
    expect((await show(child)).body.status).toBe('ACTIVED')
    expect((await send('GET', `${certificates}/${leaf}`)).body.status).toBe('ISSUED')
  })

  test('a scheduled CA is listed as DELETED, can be restored to DISABLED, and then has no delete_time', async () => {
    const id = await aDisabledCa()
    expect((await send('DELETE', `${cas}/${id}`)).status).toBe(204)
    const { certificate_authorities: listed } = (await send('GET', `${cas}?status=DELETED&limit=1000`)).body
    expect(listed.map(({ ca_id: listedId }: { ca_id: string }) => listedId)).toContain(id)
    expect((await send('POST', `${cas}/${id}/restore`)).status).toBe(204)
    expect((await show(id)).body).toMatchObject({ status: 'DISABLED', delete_time: null })
    expect(await send('POST', `${cas}/${id}/restore`)).toMatchObject({
      status: 400,
      body: { error_code: 'PCA.10010901' },
    })
  })

  test('when its days are over it is gone: 404 PCA.10010002, as an id that never was', async () => {
    const id = await aDisabledCa()
    expect((await send('DELETE', `${cas}/${id}?pending_days=7`)).status).toBe(204)
    client.core.advance(7 * day - 60_000)
    await client.core.runDue()
    expect((await show(id)).body.status).toBe('DELETED')
    client.core.advance(120_000)
    await client.core.runDue()
    const gone = await show(id)
    expect(gone).toMatchObject({ status: 404, body: { error_code: 'PCA.10010002' } })
    expect(gone.bytes.toString().replace(id, nobodys)).toBe((await show(nobodys)).bytes.toString())
  })

  test('the audit log tells who scheduled what, and who was refused', async () => {
    const id = await createCa(send, aSubordinate(root))
    await send('DELETE', `${cas}/${id}`)
    await send('POST', `${cas}/${id}/disable`)
    await send('DELETE', `${cas}/${id}?pending_days=9`)
    const entries = (await client.core.auditEntries(client.core.administrator.accountId)).filter(
      ({ operation, objectId }) => operation === 'DeleteCa' && objectId === id,
    )
    expect(entries).toMatchObject([
      { outcome: 'done', code: '', userName: `user-${users}`, door: 'huawei', facts: { keepDays: 9 } },
      { outcome: 'refused', code: 'CaStateForbids', userName: `user-${users}`, door: 'huawei' },
    ])
  })
})
