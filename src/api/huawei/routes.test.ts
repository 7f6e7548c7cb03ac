import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { route, wireOperations, type WireOperation } from './routes.ts'

const id = '4c0e772e-a30c-4029-b929-b7acb04143f7'

describe('routes, huawei-ccm.json', () => {
  test.each(Object.entries(wireOperations))('%s is found at %s', (name, declared) => {
    const [method = '', path = ''] = declared.split(' ')
    const found = route(method, path.replace(/\{\w+\}/, id))
    expect(found).toEqual({ kind: 'found', name, id: path.includes('{') ? id : '' })
  })

  test.each<[string, string, WireOperation]>([
    ['GET', '/v1/private-certificate-authorities/quotas', 'ShowCertificateAuthorityQuota'],
    ['GET', '/v1/private-certificate-authorities/tags', 'ListDomainCaTags'],
    ['GET', '/v1/private-certificate-authorities/agency', 'ShowAgency'],
    ['GET', '/v1/private-certificates/quotas', 'ShowCertificateQuota'],
    ['POST', '/v1/private-certificates/csr', 'CreateCertificateByCsr'],
    ['POST', '/v1/private-certificates/csr/parse', 'ParseCertificateSigningRequest'],
    ['POST', '/v3/scm/certificates/import', 'scm.ImportCertificate'],
    ['POST', '/v3/scm/csr/upload', 'scm.UploadCsr'],
    ['GET', '/v3/scm/tags', 'scm.ListAllTags'],
    ['GET', '/v3/scm/certificates/tags', 'scm.ShowCertificate'],
  ])('routing precedence: %s %s is %s, words before ids', (method, path, name) => {
    expect(route(method, path)).toMatchObject({ kind: 'found', name })
  })

  test('a word that is a path under another method only is an id: its reader refuses it', () => {
    expect(route('DELETE', '/v1/private-certificate-authorities/quotas')).toEqual({
      kind: 'found',
      name: 'DeleteCertificateAuthority',
      id: 'quotas',
    })
  })

  test('the method may have any case, an id percent escapes; what cannot be decoded stays as it is', () => {
    const path = '/v1/private-certificates/'
    expect(route('get', `${path}%34c`)).toMatchObject({ name: 'ShowCertificate', id: '4c' })
    expect(route('GET', `${path}%zz`)).toMatchObject({ name: 'ShowCertificate', id: '%zz' })
    expect(route('GET', `${path}a%2Fb`)).toMatchObject({ name: 'ShowCertificate', id: 'a/b' })
  })

  test('a known path with a wrong method tells which it knows', () => {
    expect(route('PATCH', `/v1/private-certificates/${id}`)).toEqual({
      kind: 'wrongMethod',
      allowed: ['DELETE', 'GET'],
    })
    expect(route('HEAD', '/v3/auth/tokens')).toEqual({ kind: 'wrongMethod', allowed: ['GET', 'POST'] })
  })

  test.each([
    '',
    '/',
    '/v1',
    '/v1/private-certificate-authorities/',
    `/v1/private-certificate-authorities/${id}/`,
    '/v1/private-certificate-authorities//tags',
    '//v1/private-certificate-authorities',
    '/V1/private-certificate-authorities',
    `/v1/private-certificate-authorities/${id}/destroy`,
    'http://127.0.0.1/v1/private-certificates',
  ])('%j is no path of ours', (path) => {
    expect(route('GET', path)).toEqual({ kind: 'unknown' })
  })

  test('10^4 odd paths: an answer, never an exception', () => {
    const segment = fc.oneof(
      fc.constantFrom(
        'v1',
        'v3',
        'scm',
        'private-certificates',
        'private-certificate-authorities',
        'tags',
        'csr',
        '',
        id,
      ),
      fc.string(),
      fc.constantFrom('%', '%e0%a4', '__proto__', 'constructor', '..'),
    )
    fc.assert(
      fc.property(fc.constantFrom('GET', 'POST', 'DELETE', '__proto__', ''), fc.array(segment), (method, segments) => {
        expect(['found', 'wrongMethod', 'unknown']).toContain(route(method, `/${segments.join('/')}`).kind)
      }),
      { numRuns: 10_000, seed: 20_260_102 },
    )
  })
})
