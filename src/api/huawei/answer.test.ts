import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { answerHeaders, dialectOf, renderError } from './answer.ts'
import { gatewayErrors, HuaweiWireError, ownErrors, pcaErrors, scmErrors, type WireCode } from './errors.ts'

const file = new URL('../../../test/vectors/huawei/error-codes.json', import.meta.url)
const documented = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, number>>
const requestId = '0123456789abcdef0123456789abcdef'

describe('codes, huawei-ca-lifecycle.md §15', () => {
  test.each([
    ['pca', pcaErrors],
    ['scm', scmErrors],
    ['gateway', gatewayErrors],
  ])(
    'the table %s holds every documented code with its status, and no other',
    (family, table: Record<string, WireCode>) => {
      const ours = Object.fromEntries(Object.values(table).map(({ code, status }) => [code, status]))
      expect(ours).toEqual(documented[family])
    },
  )

  test('codes of our own are not documented ones, and fit the 3 to 36 characters of error_code', () => {
    const all = new Set(Object.values(documented).flatMap((codes) => Object.keys(codes)))
    for (const { code } of Object.values(ownErrors)) {
      expect(all.has(code)).toBe(false)
      expect(code.length).toBeGreaterThanOrEqual(3)
      expect(code.length).toBeLessThanOrEqual(36)
    }
  })
})

describe('error answers, huawei-wire.md §5', () => {
  const refused = new HuaweiWireError(pcaErrors.notFound, 'no such CA')

  test('§5.1: error_code and error_msg as JSON, with X-Request-Id', () => {
    expect(renderError(refused, 'pca', requestId)).toEqual({
      status: 400,
      headers: { 'X-Request-Id': requestId, 'Content-Type': 'application/json' },
      body: { error_code: 'PCA.10010002', error_msg: 'no such CA' },
    })
  })

  test('§2.1, §5.4: under IAM the Keystone shape, with X-IAM-Trace-Id beside X-Request-Id', () => {
    const answer = renderError(new HuaweiWireError(gatewayErrors.authenticationFailed, 'no'), 'iam', requestId)
    expect(answer.status).toBe(401)
    expect(answer.headers).toMatchObject({ 'X-Request-Id': requestId, 'X-IAM-Trace-Id': requestId })
    expect(answer.body).toEqual({ error: { code: 401, message: 'no', title: 'Unauthorized' } })
  })

  test.each(['pca', 'scm', 'iam'] as const)('an undeclared error becomes a bare 500 in %s', (dialect) => {
    for (const error of [new Error('password=hunter2'), undefined, null, 'text']) {
      const answer = renderError(error, dialect, requestId)
      expect(answer.status).toBe(500)
      expect(JSON.stringify(answer)).not.toMatch(/hunter2|null/)
    }
  })

  test('§5.1: error_msg has at most 1024 characters, and is never empty', () => {
    const long = renderError(new HuaweiWireError(pcaErrors.notFound, 'x'.repeat(5000)), 'pca', requestId)
    expect((long.body as { error_msg: string }).error_msg).toHaveLength(1024)
    const empty = renderError(new HuaweiWireError(pcaErrors.notFound, ''), 'pca', requestId)
    expect((empty.body as { error_msg: string }).error_msg).not.toBe('')
  })

  test.each([
    ['/v1/private-certificate-authorities/x', 'pca'],
    ['/v3/scm/certificates?limit=10', 'scm'],
    ['/v3/scmx', 'pca'],
    ['/v3/auth/tokens?nocatalog=true', 'iam'],
    ['/v3/auth/domains', 'iam'],
    ['/v3/projects?name=cn-north-4', 'iam'],
    ['/v5/caller-identity', 'iam'],
    ['/v3/authors', 'pca'],
  ])('%s speaks %s', (path, dialect) => {
    expect(dialectOf(path)).toBe(dialect)
  })

  test('§5.4: success carries the request id too', () => {
    expect(answerHeaders('scm', requestId)).toEqual({ 'X-Request-Id': requestId })
  })
})
