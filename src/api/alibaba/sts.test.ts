import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operations } from '../operations.ts'
import { openClient, signed, styles, type Client, type Sending, type Signer, type Values } from './door.fixture.ts'

const version = '2015-04-01'
const everything = { Version: '1', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

describe('STS at the Alibaba door, alibaba-ram §6', () => {
  let client: Client
  let user: Signer
  let roleArn: string
  beforeAll(async () => {
    client = await openClient()
    const { core } = client
    const { administrator } = core
    user = await core.createUser('deployer', [everything])
    const trust = (principal: string) =>
      JSON.stringify({
        Version: '1',
        Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [principal] } }],
      })
    const root = `acs:ram::${administrator.accountId}:root`
    await core.call(administrator, operations.CreateRole, { roleName: 'reader', trustPolicy: trust(root) })
    await core.call(administrator, operations.AttachPolicyToRole, {
      roleName: 'reader',
      policyName: 'AliyunYundunCertReadOnlyAccess',
    })
    const nobody = trust(`acs:ram::${administrator.accountId}:user/nobody`)
    await core.call(administrator, operations.CreateRole, { roleName: 'closed', trustPolicy: nobody })
    roleArn = `acs:ram::${administrator.accountId}:role/reader`
  })
  afterAll(() => client[Symbol.asyncDispose]())

  const assume = (values: Values = {}, sending: Sending = {}, signer = user) =>
    client.callAs(signer, 'AssumeRole', { RoleArn: roleArn, RoleSessionName: 'ci', ...values }, { version, ...sending })

  interface Temporary extends Signer {
    securityToken: string
  }
  const temporary = async (values: Values = {}): Promise<Temporary> => {
    const { Credentials: made } = (await assume(values)).body
    return {
      accessKeyId: made.AccessKeyId,
      accessKeySecret: made.AccessKeySecret,
      securityToken: made.SecurityToken,
    }
  }
  /** In ACS3 the token is a signed header, in v1 a parameter. */
  const callWith = (key: Temporary, action: string, values: Values = {}, sending: Sending = {}) =>
    sending.style?.startsWith('v1')
      ? client.callAs(key, action, { ...values, SecurityToken: key.securityToken }, sending)
      : client.callAs(key, action, values, { ...sending, headers: { 'x-acs-security-token': key.securityToken } })

  test('the answer has the documented members', async () => {
    const { status, body } = await assume({ DurationSeconds: 900 })
    expect(status).toBe(200)
    expect(body).toEqual({
      RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
      AssumedRoleUser: {
        Arn: `${roleArn}/ci`,
        AssumedRoleId: expect.stringMatching(/^\d{16}:ci$/),
      },
      Credentials: {
        AccessKeyId: expect.stringMatching(/^STS\.[A-Z0-9]{20}$/),
        AccessKeySecret: expect.any(String),
        SecurityToken: expect.any(String),
        Expiration: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    })
    expect(Math.abs(Date.parse(body.Credentials.Expiration) - Date.now() - 900_000)).toBeLessThan(60_000)
  })

  test.each(styles)('a temporary key works with its token, %s, and has the role’s rights only', async (style) => {
    const key = await temporary()
    expect((await callWith(key, 'ListUserCertificateOrder', { OrderType: 'UPLOAD' }, { style })).status).toBe(200)
    const refused = await callWith(key, 'DeleteUserCertificate', { CertId: 12_345 }, { style })
    expect(refused).toMatchObject({
      status: 403,
      body: {
        Code: 'NoPermission',
        AccessDeniedDetail: {
          AuthAction: 'yundun-cert:DeleteUserCertificate',
          AuthPrincipalType: 'AssumedRoleUser',
          AuthPrincipalDisplayName: 'reader:ci',
          NoPermissionType: 'ImplicitDeny',
        },
      },
    })
  })

  test('without its token: MissingSecurityToken; with another’s, or of a permanent key: mismatch', async () => {
    const [key, other] = [await temporary(), await temporary()]
    const list = (signer: Signer, headers: Record<string, string> = {}) =>
      client.callAs(signer, 'ListUserCertificateOrder', {}, { headers })
    expect(await list(key)).toMatchObject({ status: 400, body: { Code: 'MissingSecurityToken' } })
    const mismatch = { status: 400, body: { Code: 'InvalidSecurityToken.MismatchWithAccessKey' } }
    expect(await list(key, { 'x-acs-security-token': other.securityToken })).toMatchObject(mismatch)
    expect(await list(user, { 'x-acs-security-token': key.securityToken })).toMatchObject(mismatch)
  })

  test('a token that is not under the signature does not count', async () => {
    const key = await temporary()
    const request = signed(key, 'ListUserCertificateOrder')
    const rawHeaders = [...request.rawHeaders, 'x-acs-security-token', key.securityToken]
    expect((await client.send({ ...request, rawHeaders })).status).toBe(400)
  })

  test('after its time the token is expired, by the wall clock', async () => {
    const key = await temporary({ DurationSeconds: 900 })
    const { wall } = client.core
    wall.aheadMs = 901_000
    const date = new Date(Date.now() + wall.aheadMs)
    const late = await callWith(key, 'ListUserCertificateOrder', {}, { date })
    wall.aheadMs = 0
    expect(late).toMatchObject({ status: 400, body: { Code: 'InvalidSecurityToken.Expired' } })
  })

  test.each<[string, Values, number, string]>([
    ['no ARN', { RoleArn: '' }, 400, 'MissingRoleArn'],
    ['a malformed ARN', { RoleArn: 'acs:ram::1:user/x' }, 400, 'InvalidParameter.RoleArn'],
    ['no session name', { RoleSessionName: '' }, 400, 'MissingRoleSessionName'],
    ['a session name of one character', { RoleSessionName: 'x' }, 400, 'InvalidParameter.RoleSessionName'],
    ['a session name with a space', { RoleSessionName: 'a b' }, 400, 'InvalidParameter.RoleSessionName'],
    ['too short a time', { DurationSeconds: 899 }, 400, 'InvalidParameter.DurationSeconds'],
    ['no number', { DurationSeconds: '15m' }, 400, 'InvalidParameter.DurationSeconds'],
    ['a longer time than the role allows', { DurationSeconds: 3_601 }, 400, 'InvalidParameter.DurationSeconds'],
    ['no policy', { Policy: '{"Version":"1"}' }, 400, 'InvalidParameter.PolicyGrammar'],
    ['a long policy', { Policy: ' '.repeat(2_049) }, 400, 'InvalidParameter.PolicySize'],
    ['an external id of odd characters', { ExternalId: 'a b' }, 400, 'InvalidParameter.ExternalId'],
  ])('%s', async (_, values, status, Code) => {
    expect(await assume(values)).toMatchObject({ status, body: { Code } })
  })

  test('an unknown role of the account is 404, one that does not trust the caller and those of others are 403', async () => {
    const { accountId } = client.core.administrator
    const asked = async (RoleArn: string) => {
      const { status, body } = await assume({ RoleArn })
      return [status, body.Code]
    }
    expect(await asked(`acs:ram::${accountId}:role/none`)).toEqual([404, 'EntityNotExist.Role'])
    expect(await asked(`acs:ram::${accountId}:role/closed`)).toEqual([403, 'NoPermission'])
    expect(await asked('acs:ram::1234:role/none')).toEqual([403, 'NoPermission'])
  })

  test('without sts:AssumeRole it is 403, naming the action', async () => {
    const poor = await client.core.createUser('poor')
    expect(await assume({}, {}, poor)).toMatchObject({
      status: 403,
      body: {
        Code: 'NoPermission',
        AccessDeniedDetail: { AuthAction: 'sts:AssumeRole', AuthPrincipalType: 'SubUser' },
      },
    })
  })

  test('a secret does not leave over plain HTTP to another machine', async () => {
    const request = signed(user, 'AssumeRole', { RoleArn: roleArn, RoleSessionName: 'ci' }, { version })
    const answer = await client.send({ ...request, sourceIp: '192.0.2.1' })
    expect(answer).toMatchObject({ status: 400, body: { Code: 'InvalidProtocol.NeedSsl' } })
  })

  test('GetCallerIdentity names a user, and a role in somebody’s hands', async () => {
    const { accountId } = client.core.administrator
    const poor = await client.core.createUser('nobody-special')
    expect((await client.callAs(poor, 'GetCallerIdentity', {}, { version })).body).toMatchObject({
      AccountId: accountId,
      Arn: `acs:ram::${accountId}:user/nobody-special`,
      IdentityType: 'RAMUser',
      UserId: expect.stringMatching(/^\d{16}$/),
      PrincipalId: expect.stringMatching(/^\d{16}$/),
    })
    const { body } = await callWith(await temporary(), 'GetCallerIdentity', {}, { version })
    expect(body).toMatchObject({
      AccountId: accountId,
      Arn: `acs:ram::${accountId}:assumed-role/reader/ci`,
      IdentityType: 'AssumedRoleUser',
      PrincipalId: `${body.RoleId}:ci`,
    })
  })

  test('the version of one product knows no action of another', async () => {
    expect(await client.callAs(user, 'AssumeRole')).toMatchObject({
      status: 404,
      body: { Code: 'InvalidAction.NotFound' },
    })
    expect(await client.callAs(user, 'ListUserCertificateOrder', {}, { version })).toMatchObject({
      status: 404,
      body: { Code: 'InvalidAction.NotFound' },
    })
  })
})
