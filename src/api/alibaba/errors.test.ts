import { XMLParser } from 'fast-xml-parser'
import { describe, expect, test } from 'vitest'
import {
  AlibabaWireError,
  asWireError,
  commonError,
  commonErrors,
  invalidParameter,
  missingCommonParameter,
  missingParameter,
  noPermission,
  renderError,
  throttled,
  type CommonErrorCode,
} from './errors.ts'

const requestId = '3E50D480-9765-5CFD-9650-9BACCECA5135'
const context = { requestId, hostId: 'cas.aliyuncs.com', format: 'JSON' } as const
const xml = new XMLParser({ parseTagValue: false, trimValues: false, ignoreDeclaration: true })

describe('error document, contract alibaba-wire §5.1', () => {
  test('JSON has the five members, all of them text, and the request id in a header', () => {
    const { status, headers, body } = renderError(commonError('InvalidAccessKeyId.NotFound'), context)
    expect(status).toBe(404)
    expect(headers).toEqual({ 'content-type': 'application/json;charset=utf-8', 'x-acs-request-id': requestId })
    expect(JSON.parse(body)).toEqual({
      RequestId: requestId,
      HostId: 'cas.aliyuncs.com',
      Code: 'InvalidAccessKeyId.NotFound',
      Message: 'Specified access key is not found.',
      Recommend: `https://api.aliyun.com/troubleshoot?q=InvalidAccessKeyId.NotFound&product=cas&requestId=${requestId}`,
    })
  })

  test('XML has the root Error with the same members and exactly text/xml;charset=utf-8', () => {
    const { headers, body } = renderError(commonError('InternalError', '<a> & "b"'), { ...context, format: 'XML' })
    expect(headers['content-type']).toBe('text/xml;charset=utf-8')
    const { Error: members } = xml.parse(body) as { Error: Record<string, string> }
    expect(Object.keys(members)).toEqual(['RequestId', 'HostId', 'Code', 'Message', 'Recommend'])
    expect(members).toMatchObject({ RequestId: requestId, Code: 'InternalError', Message: '<a> & "b"' })
  })

  test('the help URL can be ours', () => {
    const { body } = renderError(commonError('UnknownError'), { ...context, recommend: 'https://certkeep.test/help' })
    expect(JSON.parse(body)).toMatchObject({ Recommend: 'https://certkeep.test/help' })
  })

  test('alibaba-ram §7: a RAM refusal is 403 with AccessDeniedDetail, in both forms', () => {
    const detail = {
      AuthAction: 'yundun-cert:DeleteUserCertificate',
      AuthPrincipalDisplayName: '2000001',
      AuthPrincipalOwnerId: '1000001',
      AuthPrincipalType: 'SubUser',
      NoPermissionType: 'ImplicitDeny',
      PolicyType: 'AccountLevelIdentityBasedPolicy',
      EncodedDiagnosticMessage: 'x',
    } as const
    const refusal = noPermission(detail)
    expect(refusal).toMatchObject({ status: 403, code: 'NoPermission' })
    expect(refusal.message).toContain('yundun-cert:DeleteUserCertificate')
    expect(JSON.parse(renderError(refusal, context).body)).toMatchObject({ AccessDeniedDetail: detail })
    const document = xml.parse(renderError(refusal, { ...context, format: 'XML' }).body) as object
    expect(document).toMatchObject({ Error: { AccessDeniedDetail: detail } })
  })

  test('§5.2 throttled: 400 and x-acs-retry-after in whole milliseconds', () => {
    const { status, headers, body } = renderError(throttled('Throttling.User', 1234.2), context)
    expect(status).toBe(400)
    expect(headers['x-acs-retry-after']).toBe('1235')
    expect(JSON.parse(body)).toMatchObject({
      Code: 'Throttling.User',
      Message: 'Request was denied due to user flow control.',
    })
  })

  test('further members (a dry run) never replace the standard ones', () => {
    const error = new AlibabaWireError({
      status: 400,
      code: 'DryRunOperation',
      message: 'Nothing was done.',
      extra: { members: { Code: 'OK', RequestId: 'x', Verdict: 'safe', Unexpired: 0 } },
    })
    expect(JSON.parse(renderError(error, context).body)).toMatchObject({
      Code: 'DryRunOperation',
      RequestId: requestId,
      Verdict: 'safe',
      Unexpired: 0,
    })
  })
})

describe('common codes, contract alibaba-wire §5.2', () => {
  const statuses: Record<CommonErrorCode, number> = {
    MissingParameter: 400,
    InvalidParameter: 400,
    'InvalidParameter.Format': 400,
    'InvalidParameter.Accept': 400,
    IncompleteSignature: 400,
    SignatureDoesNotMatch: 400,
    InvalidSignatureMethod: 400,
    'InvalidTimeStamp.Format': 400,
    'InvalidTimeStamp.Expired': 400,
    SignatureNonceUsed: 400,
    'InvalidAccessKeyId.NotFound': 404,
    'InvalidAccessKeyId.Inactive': 400,
    MissingSecurityToken: 400,
    'InvalidSecurityToken.MismatchWithAccessKey': 400,
    'InvalidSecurityToken.Malformed': 400,
    'InvalidSecurityToken.Expired': 400,
    InvalidVersion: 400,
    'InvalidAction.NotFound': 404,
    'InvalidProduct.NotFound': 404,
    'InvalidRegion.NotFound': 404,
    'InvalidProtocol.NeedSsl': 400,
    UnsupportedHTTPMethod: 403,
    'Forbidden.RAM': 403,
    NoPermission: 403,
    'Throttling.User': 400,
    'Throttling.Api': 400,
    Throttling: 400,
    ContentLengthDoesNotMatch: 400,
    ContentMD5NotMatched: 400,
    OperationConflict: 409,
    InternalError: 500,
    ServiceUnavailable: 503,
    UnknownError: 400,
  }

  test('each has the status of the contract', () => {
    const ours = Object.fromEntries(Object.entries(commonErrors).map(([code, { status }]) => [code, status]))
    expect(ours).toEqual(statuses)
  })

  test('the texts that the contract quotes', () => {
    expect(missingCommonParameter('Timestamp')).toMatchObject({
      code: 'MissingParameter',
      message: 'Timestamp is mandatory for this action.',
    })
    expect(missingParameter('CertId')).toMatchObject({
      status: 400,
      code: 'MissingCertId',
      message: 'CertId is mandatory for this action.',
    })
    expect(invalidParameter('CertId')).toMatchObject({
      status: 400,
      code: 'InvalidCertId',
      message: 'Specified parameter CertId is not valid.',
    })
    expect(commonErrors.MissingSecurityToken.message).toBe('SecurityToken is mandatory for this action.')
    expect(commonErrors.InvalidVersion.message).toBe('Specified parameter Version is not valid.')
    expect(commonErrors['InvalidAction.NotFound'].message).toBe(
      'Specified api is not found, please check your url and method.',
    )
  })

  test('a name that no parameter has is not repeated', () => {
    for (const name of ['', '<script>', '1A', 'A B', 'x'.repeat(129)]) {
      expect(invalidParameter(name).code).toBe('InvalidParameter')
    }
  })
})

describe('whatever is thrown', () => {
  test('a refusal stays itself, anything else is a bare InternalError', () => {
    const refusal = commonError('OperationConflict')
    expect(asWireError(refusal)).toBe(refusal)
    const other = asWireError(new Error('secret detail'))
    expect(other).toMatchObject({ status: 500, code: 'InternalError' })
    expect(renderError(other, context).body).not.toContain('secret detail')
  })
})
