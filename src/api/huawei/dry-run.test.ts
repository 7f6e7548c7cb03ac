import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { huaweiAuthorization, huaweiHeaders } from '../../../test/support/client.ts'
import { ownDoor } from '../own/door.ts'
import { aRoot, cas, createCa, openClient, origin, type Client } from './door.fixture.ts'

describe('dry runs at Huawei’s door and our own, design 3', () => {
  let client: Client
  let caId: string
  let target: string
  beforeAll(async () => {
    client = await openClient()
    caId = await createCa(client.send, aRoot)
    await client.send('POST', `${cas}/${caId}/disable`)
    target = `${cas}/${caId}?pending_days=7`
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const signed = (method: string, path: string, extra: Record<string, string>, body?: unknown) => {
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = huaweiHeaders(client.core.administrator, method, new URL(path, origin), text, { extra })
    return client.bare(method, path, { headers, body })
  }
  const dry = (method: string, path: string, body?: unknown) =>
    signed(method, path, { 'x-certkeep-dry-run': 'true' }, body)
  const untouched = async () => {
    expect((await client.send('GET', `${cas}/${caId}`)).body.status).toBe('DISABLED')
  }

  test('a signed one tells what would be done as an error, where SDKs show it, and nothing is done', async () => {
    const answer = await dry('DELETE', target)
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error_code: 'DryRunOperation',
        dry_run: { operation: 'DeleteCa', object_type: 'ca', object_id: caId, facts: { to: 'pendingDeletion' } },
      },
    })
    const told = (answer.body.error_msg as string).replace(/^[^{]*/, '')
    expect(JSON.parse(told)).toMatchObject({ from: 'disabled', to: 'pendingDeletion', keepDays: 7 })
    await untouched()
    const [entry] = await client.core.auditEntries(client.core.administrator.accountId)
    expect(entry).toMatchObject({ operation: 'DeleteCa', objectId: caId, outcome: 'dryRun', code: '' })
  })

  test('what the call would be refused with, the dry run is: state, rights, input, guards', async () => {
    expect((await dry('POST', `${cas}/${caId}/restore`)).body.error_code).toBe('PCA.10010901')
    expect((await dry('DELETE', `${cas}/${caId}?pending_days=6`)).body.error_code).toBe('PCA.00020001')
    const { core } = client
    const nobody = await core.createUser('nobody')
    const extra = { 'x-certkeep-dry-run': 'true' }
    const headers = huaweiHeaders(nobody, 'DELETE', new URL(target, origin), '', { extra })
    expect((await client.bare('DELETE', target, { headers })).status).toBe(403)
    await untouched()
  })

  test('one of a creation makes no key', async () => {
    const before = (await client.core.deps.keyStore.liveIds()).length
    expect((await dry('POST', cas, aRoot)).body.error_code).toBe('DryRunOperation')
    expect(await client.core.deps.keyStore.liveIds()).toHaveLength(before)
    expect((await client.send('GET', cas)).body.total).toBe(1)
  })

  test('a read has none', async () => {
    expect((await dry('GET', `${cas}/${caId}`)).body.error_code).toBe('DryRunNotSupported')
  })

  test('false, signed, is none', async () => {
    const other = await createCa(client.send, aRoot)
    await signed('POST', `${cas}/${other}/disable`, { 'x-certkeep-dry-run': 'false' })
    expect((await client.send('GET', `${cas}/${other}`)).body.status).toBe('DISABLED')
    await client.send('DELETE', `${cas}/${other}?pending_days=7`)
  })

  test.each<[string, () => Promise<{ status: number }>]>([
    [
      'beside a signature that does not cover it',
      async () => {
        const headers = huaweiHeaders(client.core.administrator, 'DELETE', new URL(target, origin), '')
        return client.bare('DELETE', target, { headers: { ...headers, 'x-certkeep-dry-run': 'true' } })
      },
    ],
    [
      'that the signature leaves out among others',
      async () => {
        const headers = huaweiHeaders(client.core.administrator, 'DELETE', new URL(target, origin), '', {
          extra: { 'x-certkeep-dry-run': 'true' },
        })
        const { authorization: _, ...rest } = headers
        const covered = Object.keys(rest).filter((name) => name !== 'x-certkeep-dry-run')
        const request = { method: 'DELETE', target, headers: rest, body: '' }
        const authorization = huaweiAuthorization(client.core.administrator, request, covered)
        return client.bare('DELETE', target, { headers: { ...rest, authorization } })
      },
    ],
    ['in another spelling than true and false', () => signed('DELETE', target, { 'x-certkeep-dry-run': 'TRUE' })],
    ['under the other cloud’s name', () => signed('DELETE', target, { 'x-acs-certkeep-dry-run': 'true' })],
    ['as a parameter', () => signed('DELETE', `${target}&DryRun=true`, {})],
    ['as a parameter in this cloud’s spelling', () => signed('DELETE', `${target}&dry_run=true`, {})],
  ])('one asked for %s is refused with nothing done', async (_how, send) => {
    expect((await send()).status).toBe(400)
    await untouched()
  })

  test('with a token, which signs nothing, it is refused with nothing done; and so is a login', async () => {
    const { accountName: name } = client.core.administrator
    const user = await client.core.createUser('with-token', ['PCA FullAccess'])
    const domain = { name }
    const identity = {
      methods: ['password'],
      password: { user: { name: user.userName, password: user.password, domain } },
    }
    const body = { auth: { identity, scope: { domain } } }
    const login = (headers = {}) => client.bare('POST', '/v3/auth/tokens', { body, headers })
    const token = (await login()).headers['X-Subject-Token']!
    const refused = await client.bare('DELETE', target, {
      headers: { 'x-auth-token': token, 'x-certkeep-dry-run': 'true' },
    })
    expect(refused).toMatchObject({ status: 400, body: { error_code: 'PCA.00020001' } })
    expect(await login({ 'x-certkeep-dry-run': 'true' })).toMatchObject({ status: 400 })
    await untouched()
  })

  test('our own door takes the same header, and carries the result beside the message', async () => {
    const door = ownDoor(client.core.parts)
    const call = async (extra: Record<string, string>, unsigned: Record<string, string> = {}) => {
      const body = JSON.stringify({ caId, keepDays: 7 })
      const url = new URL('/api/DeleteCa', origin)
      const headers = { ...huaweiHeaders(client.core.administrator, 'POST', url, body, { extra }), ...unsigned }
      const rawHeaders = Object.entries(headers).flat()
      const request = { method: 'POST', rawUrl: url.pathname, rawHeaders, body: Buffer.from(body) }
      const answer = await door({ ...request, sourceIp: '127.0.0.1', secureTransport: false })
      return { status: answer.status, body: JSON.parse(answer.body as string) as unknown }
    }
    expect(await call({ 'x-certkeep-dry-run': 'true' })).toMatchObject({
      status: 400,
      body: { error: { code: 'DryRunOperation', result: { operation: 'DeleteCa', objectId: caId } } },
    })
    expect(await call({}, { 'x-certkeep-dry-run': 'true' })).toMatchObject({
      status: 400,
      body: { error: { code: 'InputInvalid' } },
    })
    await untouched()
  })
})
