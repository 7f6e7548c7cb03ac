import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leaf, rootCa } from '../support/life.ts'
import { selfSigned } from '../support/openssl.ts'
import { person, secondAccount } from '../support/people.ts'
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
  nobodysNumber,
  pendingCa,
  ram,
  uploaded,
} from './caller.ts'

describe('rights of a second user', () => {
  let service: Service
  let root: string
  beforeAll(async () => {
    service = await startService()
    root = await rootCa(service)
  })
  afterAll(() => service[Symbol.asyncDispose]())

  let users = 0
  const user = async (...policies: (string | object)[]) =>
    atTheDoors(service, await person(service, `user-${++users}`, policies))
  const pending = (more: object = {}) => pendingCa(service, more)
  const upload = () => uploaded(service, `upload-${++users}`, selfSigned('iam.example.test'))
  const refusedByHuawei = { status: 403, body: { error_code: 'PCA.10010910' } }
  const refusedByAlibaba = { status: 403, body: { Code: 'NoPermission' } }

  test('without a policy: refused at every door, and nothing is done', async () => {
    const nobody = await user()
    const [ca, number] = [await pending(), await upload()]
    expect(await nobody.huawei('GET', cas)).toMatchObject(refusedByHuawei)
    expect(await nobody.huawei('POST', cas, aPendingCa)).toMatchObject(refusedByHuawei)
    expect(await nobody.huawei('DELETE', `${cas}/${ca}`)).toMatchObject(refusedByHuawei)
    expect(await nobody.alibaba('ListUserCertificateOrder', { OrderType: 'UPLOAD' })).toMatchObject(refusedByAlibaba)
    expect(await nobody.alibaba('DeleteUserCertificate', { CertId: number })).toMatchObject(refusedByAlibaba)
    for (const [operation, input] of [
      ['DeleteCa', { caId: ca, keepDays: 7 }],
      ['CreateUser', { userName: 'by-nobody' }],
      ['CreateAccessKey', { userName: 'admin' }],
      ['AttachPolicy', { userName: `user-${users}`, policyName: 'AdministratorAccess' }],
      ['SetUserEnabled', { userName: 'admin', enabled: false }],
      ['ListAuditEntries', {}],
      ['ConfirmTime', {}],
    ] as const)
      expect(await nobody.own(operation, input), operation).toMatchObject({
        status: 403,
        body: { error: { code: 'AccessDenied' } },
      })
    const admin = atTheDoors(service, service.credentials)
    expect((await admin.huawei('GET', `${cas}/${ca}`)).body.status).toBe('PENDING')
    expect((await admin.alibaba('GetUserCertificateDetail', { CertId: number })).status).toBe(200)
  })

  describe('with one policy', () => {
    test.each([
      ['RAM', 'AliyunYundunCertFullAccess', ram.allow(['yundun-cert:Delete*'])],
      ['RAM, other case', ram.allow(['YUNDUN-CERT:deleteusercertificate']), ram.allow(['yundun-cert:*'])],
      ['Huawei 1.1', huawei11.allow(['scm:cert:delete']), huawei11.allow(['SCM:*:*'])],
      ['Huawei 5.0', huawei50.allow(['scm:cert:delete']), 'huawei-5.0/SCM FullAccess'],
    ])('%s: DeleteUserCertificate passes', async (_, ...policies) => {
      for (const policy of policies) {
        const someone = await user(policy)
        expect((await someone.alibaba('DeleteUserCertificate', { CertId: await upload() })).status).toBe(200)
        expect(await someone.huawei('DELETE', `${cas}/${await pending()}`)).toMatchObject(refusedByHuawei)
      }
    })

    test.each([
      ['Huawei 1.1', huawei11.allow(['pca:ca:delete']), huawei11.allow(['PCA:CA:Del*']), 'huawei-1.1/PCA FullAccess'],
      ['Huawei 5.0', huawei50.allow(['pca:ca:delete']), huawei50.allow(['pca:*:*']), 'huawei-5.0/PCA FullAccess'],
      ['RAM', ram.allow(['pca:ca:delete']), ram.allow(['*']), 'ram-1/AdministratorAccess'],
    ])('%s: DeleteCertificateAuthority passes', async (_, ...policies) => {
      for (const policy of policies) {
        const someone = await user(policy)
        expect((await someone.huawei('DELETE', `${cas}/${await pending()}`)).status).toBe(204)
      }
    })

    test('what it does not name is refused', async () => {
      const deleter = await user(huawei11.allow(['pca:ca:delete']))
      const ca = await pending()
      for (const [method, target, body] of [
        ['GET', `${cas}/${ca}`],
        ['GET', cas],
        ['POST', `${cas}/${ca}/disable`],
        ['POST', cas, aPendingCa],
        ['POST', certificates, aLeaf(root)],
      ] as const)
        expect(await deleter.huawei(method, target, body), `${method} ${target}`).toMatchObject(refusedByHuawei)
    })

    test('pca:ca:active, the older name of pca:ca:activate, activates (huawei-iam.md §4)', async () => {
      const body = { issuer_id: root, signature_algorithm: 'SHA256', validity: { type: 'DAY', value: 30 } }
      for (const policy of [huawei11.allow(['pca:ca:active']), huawei50.allow(['pca:ca:activate'])]) {
        const someone = await user(policy)
        expect((await someone.huawei('POST', `${cas}/${await pending()}/activate`, body)).status).toBe(204)
      }
    })

    test('issuing by CSR, and making CAs by CSR, are rights of their own', async () => {
      const issuer = await user(huawei50.allow(['pca:ca:issueCert']))
      expect((await issuer.huawei('POST', certificates, aLeaf(root))).status).toBe(200)
      const byCsr = (type: string) => ({ issuer_id: root, csr: 'x', validity: { type: 'DAY', value: 1 }, type })
      for (const type of ['ENTITY_CERT', 'INTERMEDIATE_CA'])
        expect(await issuer.huawei('POST', `${certificates}/csr`, byCsr(type))).toMatchObject(refusedByHuawei)
      const signer = await user(huawei50.allow(['pca:ca:issueCertByCsr']))
      expect((await signer.huawei('POST', `${certificates}/csr`, byCsr('ENTITY_CERT'))).status).toBe(400)
      expect(await signer.huawei('POST', `${certificates}/csr`, byCsr('INTERMEDIATE_CA'))).toMatchObject(
        refusedByHuawei,
      )
    })

    test('a 5.0 policy for one CA by its URN is for that CA alone', async () => {
      const [mine, other] = [await pending(), await pending()]
      const { domainId } = service.credentials
      for (const region of ['', '*', 'cn-north-4']) {
        const Resource = [`pca:${region}:${domainId}:ca:${mine}`]
        const someone = await user(huawei50.allow(['pca:ca:get'], { Resource }))
        expect((await someone.huawei('GET', `${cas}/${mine}`)).status).toBe(200)
        expect(await someone.huawei('GET', `${cas}/${other}`)).toMatchObject(refusedByHuawei)
      }
      const stranger = huawei50.allow(['pca:ca:get'], { Resource: [`pca::${'0'.repeat(32)}:ca:*`] })
      expect(await (await user(stranger)).huawei('GET', `${cas}/${mine}`)).toMatchObject(refusedByHuawei)
    })

    test('a RAM policy that names a single certificate has no effect (alibaba-ram.md §2.2)', async () => {
      const CertId = await upload()
      const { accountId } = service.credentials
      const narrow = ram.allow(['yundun-cert:*'], { Resource: `acs:yundun-cert:*:${accountId}:cert/${CertId}` })
      expect(await (await user(narrow)).alibaba('DeleteUserCertificate', { CertId })).toMatchObject(refusedByAlibaba)
      const wide = ram.allow(['yundun-cert:*'], { Resource: `acs:yundun-cert:*:${accountId}:*` })
      expect((await (await user(wide)).alibaba('DeleteUserCertificate', { CertId })).status).toBe(200)
    })
  })

  describe('explicit deny beats allow, whatever grammar each is written in', () => {
    const grammars = { RAM: ram, 'Huawei 1.1': huawei11, 'Huawei 5.0': huawei50 }
    const pairs = Object.keys(grammars).flatMap((a) => Object.keys(grammars).map((b) => [a, b] as const))

    test.each(pairs)('allowed by %s, denied by %s', async (allowing, denying) => {
      const [allow, deny] = [
        grammars[allowing as keyof typeof grammars].allow(['*']),
        grammars[denying as keyof typeof grammars],
      ]
      const ca = await pending()
      const [before, after] = [
        await user(deny.deny(['pca:ca:delete']), allow),
        await user(allow, deny.deny(['pca:ca:delete'])),
      ]
      for (const someone of [before, after]) {
        expect(await someone.huawei('DELETE', `${cas}/${ca}`)).toMatchObject(refusedByHuawei)
        expect((await someone.huawei('GET', `${cas}/${ca}`)).status).toBe(200)
      }
      const CertId = await upload()
      // Each grammar's own name of the same operation denies it at either door.
      for (const name of ['yundun-cert:DeleteUserCertificate', 'scm:cert:delete']) {
        const answer = await (await user(allow, deny.deny([name]))).alibaba('DeleteUserCertificate', { CertId })
        expect(answer).toMatchObject(refusedByAlibaba)
        expect(answer.body.AccessDeniedDetail).toMatchObject({ NoPermissionType: 'ExplicitDeny' })
      }
    })
  })

  describe('read-only policies never reveal a key', () => {
    const readOnly = [
      'AliyunYundunCertReadOnlyAccess',
      'huawei-1.1/PCA ReadOnlyAccess',
      'huawei-5.0/PCA ReadOnlyAccess',
      'huawei-1.1/SCM ReadOnlyAccess',
      'huawei-5.0/SCM ReadOnlyAccess',
      ...['ram-1', 'huawei-1.1', 'huawei-5.0'].flatMap((grammar) =>
        ['CertkeepAuditor', 'CertkeepIssuer', 'CertkeepCaAdministrator'].map((name) => `${grammar}/${name}`),
      ),
    ]
    const exported = { is_compressed: 'false', type: 'OTHER' }

    test.each([...readOnly.map((name) => [name, [name]] as const), ['all of them together', readOnly] as const])(
      '%s',
      async (_, policies) => {
        const reader = await user(...policies)
        const CertId = await upload()
        for (const CertFilter of ['false', 'true', ''])
          expect(await reader.alibaba('GetUserCertificateDetail', { CertId, CertFilter })).toMatchObject(
            refusedByAlibaba,
          )
        const certificateId = await leaf(service, root)
        expect(await reader.huawei('POST', `${certificates}/${certificateId}/export`, exported)).toMatchObject(
          refusedByHuawei,
        )
        expect((await reader.own('ExportPrivateCertificate', { certificateId })).status).toBe(403)

        const answers = await Promise.all([
          reader.huawei('GET', cas),
          reader.huawei('GET', `${cas}/${root}`),
          reader.huawei('POST', `${cas}/${root}/export`),
          reader.huawei('GET', certificates),
          reader.huawei('GET', `${certificates}/${certificateId}`),
          reader.alibaba('ListUserCertificateOrder', { OrderType: 'CERT' }),
          reader.alibaba('ListUserCertificateOrder', { OrderType: 'UPLOAD' }),
          reader.own('ListCas', { limit: 10, offset: 0 }),
          reader.own('ShowPrivateCertificate', { certificateId }),
          reader.own('ListPrivateCertificates', { limit: 10, offset: 0 }),
        ])
        const revealing = answers.filter((answer) => /PRIVATE KEY|"[a-z]*privateKey"/i.test(JSON.stringify(answer)))
        expect(revealing.map(({ body }) => Object.keys(body as object))).toEqual([])
      },
    )

    test('they do read, and the key is there for who may have it', async () => {
      const reader = await user('AliyunYundunCertReadOnlyAccess', 'huawei-5.0/PCA ReadOnlyAccess')
      expect((await reader.huawei('GET', `${cas}/${root}`)).status).toBe(200)
      expect((await reader.huawei('POST', `${cas}/${root}/export`)).status).toBe(200)
      expect((await reader.alibaba('ListUserCertificateOrder', { OrderType: 'UPLOAD' })).status).toBe(200)
      const certificateId = await leaf(service, root)
      const exporter = await user(huawei50.allow(['pca:cert:export']))
      const { body } = await exporter.huawei('POST', `${certificates}/${certificateId}/export`, exported)
      expect(body.private_key).toContain('PRIVATE KEY')
    })
  })

  describe('a 403 tells nothing about what exists', () => {
    test('at Huawei’s door: the same bytes for what is there, what never was, and what is another account’s', async () => {
      const someone = await user()
      const other = atTheDoors(service, await secondAccount(service))
      const foreignCa = (await other.huawei('POST', cas, aPendingCa)).body.ca_id as string
      const [ca, certificateId] = [await pending(), await leaf(service, root)]
      const validity = { type: 'DAY', value: 30 }
      const calls: [string, string[], (id: string) => [string, string, unknown?]][] = [
        ['show a CA', [ca, nobodys, foreignCa], (id) => ['GET', `${cas}/${id}`]],
        ['delete a CA', [ca, nobodys, foreignCa], (id) => ['DELETE', `${cas}/${id}?pending_days=7`]],
        ['disable a CA', [ca, nobodys, foreignCa], (id) => ['POST', `${cas}/${id}/disable`]],
        ['revoke a CA', [ca, nobodys, foreignCa], (id) => ['POST', `${cas}/${id}/revoke`, {}]],
        ['restore a CA', [ca, nobodys, foreignCa], (id) => ['POST', `${cas}/${id}/restore`]],
        ['read a CSR', [ca, nobodys, foreignCa], (id) => ['GET', `${cas}/${id}/csr`]],
        ['read tags', [ca, nobodys, foreignCa], (id) => ['GET', `${cas}/${id}/tags`]],
        ['tag a CA', [ca, nobodys, foreignCa], (id) => ['POST', `${cas}/${id}/tags`, { tag: { key: 'a', value: '' } }]],
        ['issue', [ca, root, nobodys, foreignCa], (id) => ['POST', certificates, aLeaf(id)]],
        [
          'activate',
          [ca, nobodys, foreignCa],
          (id) => ['POST', `${cas}/${id}/activate`, { issuer_id: root, signature_algorithm: 'SHA256', validity }],
        ],
        ['show a certificate', [certificateId, nobodys], (id) => ['GET', `${certificates}/${id}`]],
        ['delete a certificate', [certificateId, nobodys], (id) => ['DELETE', `${certificates}/${id}`]],
        ['revoke a certificate', [certificateId, nobodys], (id) => ['POST', `${certificates}/${id}/revoke`, {}]],
      ]
      for (const [what, ids, request] of calls) {
        const answers = []
        for (const id of ids) {
          const { status, headers, body } = await someone.huawei(...request(id))
          const { 'x-request-id': _, date: __, ...rest } = Object.fromEntries(headers)
          answers.push(JSON.stringify({ status, rest, body }))
        }
        expect(answers[0], what).toContain('"status":403')
        expect(new Set(answers).size, what).toBe(1)
      }
    })

    test('at Alibaba’s door likewise, but for request ids', async () => {
      const someone = await user()
      const CertId = await upload()
      for (const action of ['DeleteUserCertificate', 'GetUserCertificateDetail']) {
        const answers = []
        for (const id of [CertId, nobodysNumber]) {
          const { status, body } = await someone.alibaba(action, { CertId: id })
          const { RequestId: requestId, Recommend, AccessDeniedDetail: detail, ...rest } = body
          const { EncodedDiagnosticMessage: _, ...details } = detail
          answers.push({ status, ...rest, details, Recommend: Recommend.replace(requestId, '') })
        }
        expect(answers[0]!.status).toBe(403)
        expect(answers[0]).toEqual(answers[1])
      }
    })
  })
})
