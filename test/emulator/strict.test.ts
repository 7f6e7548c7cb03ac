import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aLeaf, aRoot, subject } from '../sdk/huawei-python.ts'
import { alibaba, huawei, own } from '../support/client.ts'
import { rootCa } from '../support/life.ts'
import { startService, type Service } from '../support/service.ts'
import { control } from './control.ts'

let service: Service
let caId: string
beforeAll(async () => {
  service = await startService({ args: ['--strict'] })
  caId = await rootCa(service)
  await own(service.url, service.credentials, 'DisableCa', { caId })
})
afterAll(() => service[Symbol.asyncDispose]())

const authorities = '/v1/private-certificate-authorities'
const call = (method: string, target: string, body?: unknown) =>
  huawei(service.url, service.credentials, method, target, body)
const state = async () => (await own(service.url, service.credentials, 'ShowCa', { caId })).state as string

describe('strict mode, Huawei', () => {
  test('pending_days in the body of a deletion is refused, its place is named, and nothing is done', async () => {
    const { status, body } = await call('DELETE', `${authorities}/${caId}`, { pending_days: '7' })
    expect({ status, body }).toEqual({
      status: 400,
      body: {
        error_code: 'PCA.00020001',
        error_msg: 'pending_days is not a parameter in the body of this call; it belongs in the query',
      },
    })
    expect(await state()).toBe('disabled')
  })

  test.each([
    ['an unknown query parameter', 'GET', `${authorities}?limits=5`, undefined, 'limits'],
    ['a query where none is read', 'GET', `${authorities}/{ca}?verbose=true`, undefined, 'verbose'],
    ['an unknown member of a body', 'POST', authorities, { ...aRoot, key_algoritm: 'EC256' }, 'key_algoritm'],
    [
      'an unknown member further in',
      'POST',
      authorities,
      { ...aRoot, distinguished_name: { ...subject, commonName: 'x' } },
      'distinguished_name.commonName',
    ],
    ['a body where none is read', 'POST', `${authorities}/{ca}/enable`, { force: true }, 'force'],
    ['a body parameter in the query', 'POST', `${authorities}/{ca}/revoke?reason=SUPERSEDED`, {}, 'reason'],
  ])('%s is refused', async (_what, method, target, body, said) => {
    const before = await state()
    const answer = await call(method, target.replace('{ca}', caId), body)
    expect(answer.status).toBe(400)
    expect(answer.body.error_code).toBe('PCA.00020001')
    expect(answer.body.error_msg).toContain(said)
    expect(await state()).toBe(before)
  })

  test('what the documents allow is taken, also where it has no effect', async () => {
    const crl = { enabled: false, obs_bucket_name: 'bucket', valid_days: 7 }
    const made = await call('POST', authorities, {
      ...aRoot,
      path_length: 0,
      crl_configuration: crl,
      enterprise_project_id: '0',
    })
    expect(made).toMatchObject({ status: 200 })
    const root = made.body.ca_id as string
    expect(await call('GET', `${authorities}?limit=5&offset=0&sort_dir=ASC`)).toMatchObject({ status: 200 })
    expect(await call('POST', '/v1/private-certificates', aLeaf(root))).toMatchObject({ status: 200 })
    expect(await call('POST', `${authorities}/${root}/disable`, {})).toMatchObject({ status: 204 })
    expect(await call('DELETE', `${authorities}/${root}?pending_days=7`)).toMatchObject({ status: 204 })
  })

  test('a token is still to be had, with and without catalog', async () => {
    const { accountName, userName, password } = service.credentials
    const user = { name: userName, password, domain: { name: accountName } }
    const body = JSON.stringify({ auth: { identity: { methods: ['password'], password: { user } } } })
    for (const query of ['', '?nocatalog=true'])
      expect((await fetch(`${service.url}/v3/auth/tokens${query}`, { method: 'POST', body })).status).toBe(201)
    const wrong = await fetch(`${service.url}/v3/auth/tokens?catalog=no`, { method: 'POST', body })
    expect(wrong.status).toBe(400)
    expect(((await wrong.json()) as { error: { message: string } }).error.message).toContain('catalog')
  })
})

describe('strict mode, Alibaba', () => {
  const list = (parameters: Record<string, string>) =>
    alibaba(service.url, service.credentials, 'ListUserCertificateOrder', parameters)

  test('an unknown parameter is refused by its name', async () => {
    const { status, body } = await list({ CurentPage: '1' })
    expect({ status, code: body.Code }).toEqual({ status: 400, code: 'InvalidCurentPage' })
    expect((await list({ 'CurrentPage.1': '1' })).body.Code).toBe('InvalidCurrentPage.1')
  })

  test('what is documented is taken, and the region that clients send with every call', async () => {
    expect((await list({ CurrentPage: '1', OrderType: 'UPLOAD', RegionId: 'cn-hangzhou' })).status).toBe(200)
  })
})

test('the own door has no parameters in the query', async () => {
  expect((await call('POST', '/api/ListCas?limit=1', {})).body.error.code).toBe('InputInvalid')
})

test('is switched by a control call, for all threads; as the clouds do it, the unknown is then ignored', async () => {
  expect(await control(service, 'GET', 'strict')).toMatchObject({ body: { strict: true } })
  expect(await control(service, 'POST', 'strict', { strict: false })).toMatchObject({ status: 200 })
  for (let times = 0; times < 8; times++) expect((await call('GET', `${authorities}?limits=5`)).status).toBe(200)
  await control(service, 'POST', 'reset')
  expect((await call('GET', `${authorities}?limits=5`)).status).toBe(400)
})
