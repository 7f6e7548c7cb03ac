import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { huawei, huaweiHeaders } from '../support/client.ts'
import { rootCa } from '../support/life.ts'
import { selfSigned } from '../support/openssl.ts'
import { attach, person } from '../support/people.ts'
import { startService, type Service } from '../support/service.ts'
import {
  aLeaf,
  aPendingCa,
  atTheDoors,
  cas,
  certificates,
  huawei11,
  huawei50,
  nobodys,
  pendingCa,
  ram,
  uploaded,
} from './caller.ts'

const refused = { status: 403, body: { error_code: 'PCA.10010910' } }

describe('conditions of policies', () => {
  let service: Service
  let root: string
  beforeAll(async () => {
    service = await startService()
    root = await rootCa(service)
  })
  afterAll(() => service[Symbol.asyncDispose]())

  let users = 0
  const user = async (...policies: object[]) => atTheDoors(service, await person(service, `user-${++users}`, policies))
  const admin = (method: string, target: string, body?: unknown) =>
    huawei(service.url, service.credentials, method, target, body)

  describe('tags of the CA: g:ResourceTag', () => {
    async function tagged(value: string): Promise<string> {
      const id = await pendingCa(service)
      const body = { tag: { key: 'env', value } }
      expect((await admin('POST', `${cas}/${id}/tags`, body)).status).toBe(204)
      return id
    }
    const deletes = (policy: object) => async (id: string) => (await user(policy)).huawei('DELETE', `${cas}/${id}`)
    const onlyDev = { Condition: { StringEquals: { 'g:ResourceTag/env': 'dev' } } }

    test('pca:ca:delete for env=dev deletes those and no other', async () => {
      const remove = deletes(huawei50.allow(['pca:ca:delete'], onlyDev))
      expect((await remove(await tagged('dev'))).status).toBe(204)
      expect(await remove(await tagged('prod'))).toMatchObject(refused)
      expect(await remove(await tagged('Dev'))).toMatchObject(refused)
      expect(await remove(await pendingCa(service))).toMatchObject(refused)
      // What is not there has no tags: it answers as what is there and is not meant.
      expect(await remove(nobodys)).toMatchObject(refused)
    })

    test('it counts what the CA is tagged with now: retagged, untagged, tagged again', async () => {
      const someone = await user(huawei50.allow(['pca:ca:get'], onlyDev))
      const id = await tagged('dev')
      const show = async () => (await someone.huawei('GET', `${cas}/${id}`)).status
      expect(await show()).toBe(200)
      await admin('POST', `${cas}/${id}/tags/create`, { tags: [{ key: 'env', value: 'prod' }] })
      expect(await show()).toBe(403)
      await admin('POST', `${cas}/${id}/tags/create`, { tags: [{ key: 'env', value: 'dev' }] })
      expect(await show()).toBe(200)
      expect((await admin('DELETE', `${cas}/${id}/tags/delete`, { tags: [{ key: 'env' }] })).status).toBe(204)
      expect(await show()).toBe(403)
    })

    test('a Deny for env=prod spares what is not tagged so', async () => {
      const someone = await user(
        huawei50.allow(['pca:*:*']),
        huawei50.deny(['pca:ca:delete'], { Condition: { StringEquals: { 'g:ResourceTag/env': ['prod', 'stage'] } } }),
      )
      for (const value of ['prod', 'stage'])
        expect(await someone.huawei('DELETE', `${cas}/${await tagged(value)}`)).toMatchObject(refused)
      expect((await someone.huawei('DELETE', `${cas}/${await tagged('dev')}`)).status).toBe(204)
      expect((await someone.huawei('DELETE', `${cas}/${await pendingCa(service)}`)).status).toBe(204)
    })

    test('who may tag as dev cannot make a prod CA dev by that', async () => {
      const someone = await user(
        huawei50.allow(['pca:ca:createTag', 'pca:ca:delete'], onlyDev),
        huawei50.allow(['pca:ca:createTag'], { Condition: { StringEquals: { 'g:RequestTag/team': 'a' } } }),
      )
      const id = await tagged('prod')
      const tag = (key: string, value: string) => someone.huawei('POST', `${cas}/${id}/tags`, { tag: { key, value } })
      expect(await tag('env', 'dev')).toMatchObject(refused)
      expect((await tag('team', 'a')).status).toBe(204)
      expect(await tag('team', 'b')).toMatchObject(refused)
      expect(await someone.huawei('DELETE', `${cas}/${id}`)).toMatchObject(refused)
    })
  })

  test('g:EnterpriseProjectId: of the CA, and of the one to be made', async () => {
    const project = '0a1b2c3d-1111-4222-8333-444455556666'
    const inProject = { Condition: { StringEquals: { 'g:EnterpriseProjectId': project } } }
    const someone = await user(huawei50.allow(['pca:ca:create', 'pca:ca:get', 'pca:ca:delete'], inProject))
    const own = { ...aPendingCa, enterprise_project_id: project }
    const made = await someone.huawei('POST', cas, own)
    expect(made.status).toBe(200)
    expect((await someone.huawei('GET', `${cas}/${made.body.ca_id}`)).body.enterprise_project_id).toBe(project)
    expect(await someone.huawei('POST', cas, aPendingCa)).toMatchObject(refused)
    const outside = await pendingCa(service)
    for (const method of ['GET', 'DELETE'])
      expect(await someone.huawei(method, `${cas}/${outside}`)).toMatchObject(refused)
    expect((await someone.huawei('DELETE', `${cas}/${made.body.ca_id}`)).status).toBe(204)
  })

  describe('the address of the connection', () => {
    const here = ['127.0.0.1/32', '::1/128', '::ffff:127.0.0.1/128']
    const elsewhere = ['192.0.2.0/24', '2001:db8::/32']

    test('g:SourceIp (5.0) and acs:SourceIp (RAM) allow from here, and not from elsewhere', async () => {
      const id = await pendingCa(service)
      for (const [addresses, status] of [
        [here, 200],
        [elsewhere, 403],
      ] as const) {
        const ofHuawei = await user(
          huawei50.allow(['pca:ca:get'], { Condition: { IpAddress: { 'g:SourceIp': addresses } } }),
        )
        expect((await ofHuawei.huawei('GET', `${cas}/${id}`)).status).toBe(status)
        const ofRam = await user(
          ram.allow(['yundun-cert:List*'], { Condition: { IpAddress: { 'acs:SourceIp': addresses } } }),
        )
        expect((await ofRam.alibaba('ListUserCertificateOrder', { OrderType: 'UPLOAD' })).status).toBe(status)
      }
    })

    test('a Deny for every other address denies', async () => {
      const someone = await user(
        ram.allow(['*']),
        ram.deny(['*'], { Condition: { NotIpAddress: { 'acs:SourceIp': elsewhere } } }),
      )
      expect((await someone.alibaba('ListUserCertificateOrder', { OrderType: 'UPLOAD' })).status).toBe(403)
      expect(await someone.huawei('GET', cas)).toMatchObject(refused)
    })

    test('what a request says about itself does not count: neither SourceIp nor forwarding headers', async () => {
      const owner = await person(service, `user-${++users}`, [
        ram.allow(['yundun-cert:*'], { Condition: { IpAddress: { 'acs:SourceIp': elsewhere } } }),
        huawei50.allow(['pca:ca:list'], { Condition: { IpAddress: { 'g:SourceIp': elsewhere } } }),
      ])
      const CertId = await uploaded(service, `source-${users}`, selfSigned('source.example.test'))
      const claims = { CertId, SourceIp: '192.0.2.7' }
      expect((await atTheDoors(service, owner).alibaba('DeleteUserCertificate', claims)).status).toBe(403)

      const url = new URL(cas, service.url)
      const forwarded = { 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.7', forwarded: 'for=192.0.2.7' }
      const headers = huaweiHeaders(owner, 'GET', url, '', { extra: forwarded })
      expect((await fetch(url, { headers })).status).toBe(403)
    })
  })

  test.each([
    ['5.0', huawei50],
    ['1.1', huawei11],
  ])('pca:CommonName (%s): certificates for *.dev.example.test and no others', async (_, grammar) => {
    const Condition = { StringMatch: { 'pca:CommonName': ['*.dev.example.test'] } }
    const someone = await user(grammar.allow(['pca:ca:issueCert'], { Condition }))
    const issue = (commonName: string) => someone.huawei('POST', certificates, aLeaf(root, commonName))
    expect((await issue('a.dev.example.test')).status).toBe(200)
    for (const commonName of ['a.example.test', 'dev.example.test', 'a.dev.example.test.org'])
      expect(await issue(commonName), commonName).toMatchObject(refused)
  })

  test('g:UserName, g:DomainName and the time, in 1.1', async () => {
    const condition = (Condition: object) => huawei11.allow(['pca:ca:list'], { Condition })
    const list = async (policy: object) => (await (await user(policy)).huawei('GET', cas)).status
    const { accountName } = service.credentials
    expect(await list(condition({ StringEquals: { 'g:DomainName': [accountName] } }))).toBe(200)
    expect(await list(condition({ StringEquals: { 'g:DomainName': ['another'] } }))).toBe(403)
    expect(await list(condition({ StringStartWith: { 'g:UserName': ['user-'] } }))).toBe(200)
    expect(await list(condition({ DateLessThan: { 'g:CurrentTime': ['2020-01-01T00:00:00Z'] } }))).toBe(403)
    expect(await list(condition({ DateGreaterThan: { 'g:CurrentTime': ['2020-01-01T00:00:00Z'] } }))).toBe(200)
    expect(await list(condition({ Bool: { 'g:MFAPresent': ['true'] } }))).toBe(403)
  })

  test('acs:SecureTransport: a policy for TLS only does not open the plain door', async () => {
    const secure = (value: string) =>
      ram.allow(['yundun-cert:List*'], { Condition: { Bool: { 'acs:SecureTransport': value } } })
    for (const [value, status] of [
      ['true', 403],
      ['false', 200],
    ] as const)
      expect(
        (await (await user(secure(value))).alibaba('ListUserCertificateOrder', { OrderType: 'CERT' })).status,
      ).toBe(status)
  })

  test.each([
    ['an unknown operator', huawei50.allow(['*'], { Condition: { StringResembles: { 'g:UserName': 'a' } } })],
    ['an unknown key', ram.allow(['*'], { Condition: { StringEquals: { 'acs:NoSuchKey': 'a' } } })],
    ['an unknown element', ram.allow(['*'], { NotResource: '*' })],
    ['an unknown version', { ...ram.allow(['*']), Version: '2' }],
    ['both Action and NotAction', huawei50.allow(['*'], { NotAction: ['pca:ca:get'] })],
  ])('a policy with %s is refused when it is created', async (_, policy) => {
    const { userName } = await person(service, `user-${++users}`)
    await expect(attach(service, userName, policy, `policy-${users}`)).rejects.toThrow('PolicyInvalid')
  })
})
