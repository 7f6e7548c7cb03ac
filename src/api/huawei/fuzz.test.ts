import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { authenticate } from './authenticate.ts'
import { HuaweiWireError } from './errors.ts'
import { readQuery } from './read-body.ts'
import { parseAuthorization } from './signature.ts'
import { readActivateCa, readCreateCa, readDeleteCa, readImportCa, readListCas } from './shapes/ca.ts'
import { readCreateCertificate, readCreateCertificateByCsr, readListCertificates } from './shapes/certificate.ts'
import { readRevocation } from './shapes/common.ts'
import { readExportCertificate } from './shapes/export-certificate.ts'
import { readTokenRequest } from './tokens.ts'

/** mulberry32: small, and the same numbers on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
const random = randomFrom(20_260_102)
const below = (limit: number) => Math.floor(random() * limit)

const interesting = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '\\ud800',
  'null',
  '-1',
  '1e999',
  '""',
  '%',
  '%ff',
  '&',
  '=',
  ';',
  '\n',
  '__proto__',
  '\0',
]
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T

/** One to four edits: drop, double, overwrite, insert. */
function mutate(seed: string): Buffer {
  let bytes = Buffer.from(seed)
  for (let edits = 1 + below(4); edits > 0; edits -= 1) {
    const at = below(bytes.length + 1)
    const length = below(12)
    const before = bytes.subarray(0, at)
    const after = bytes.subarray(Math.min(at + length, bytes.length))
    const middle = pick([
      () => Buffer.alloc(0),
      () => Buffer.concat([bytes.subarray(at, at + length), bytes.subarray(at, at + length)]),
      () => Buffer.from([below(256)]),
      () => Buffer.concat([Buffer.from(pick(interesting)), bytes.subarray(at, at + length)]),
    ])()
    bytes = Buffer.concat([before, middle, after])
  }
  return bytes
}

const id = '4c0e772e-a30c-4029-b929-b7acb04143f7'
const file = new URL('../../../test/vectors/huawei/signature.json', import.meta.url)
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: { authorization: string }[] }

const dn = `{"common_name":"a","country":"CN","state":"s","locality":"l","organization":"o","organizational_unit":"u"}`
const validity = `{"type":"YEAR","value":10,"start_from":"1645146939688"}`
const bodies = [
  `{"type":"SUBORDINATE","distinguished_name":${dn},"key_algorithm":"EC256","signature_algorithm":"SHA384","validity":${validity},"issuer_id":"${id}","path_length":1,"key_usages":["cRLSign"],"crl_configuration":{"enabled":true,"obs_bucket_name":"abc","valid_days":7,"crl_name":"a.crl"}}`,
  `{"issuer_id":"${id}","distinguished_name":${dn},"validity":${validity},"subject_alternative_names":[{"type":"DNS","value":"*.a.b"},{"type":"IP","value":"::1"},{"type":"EMAIL","value":"a@b"},{"type":"URI","value":"http://a"}],"extended_key_usage":{"server_auth":true},"customized_extension":{"object_identifier":"1.2.3","value":"x"}}`,
  `{"issuer_id":"${id}","csr":"-----BEGIN","validity":${validity},"type":"INTERMEDIATE_CA","path_length":0}`,
  `{"certificate":"x","certificate_chain":"y"}`,
  `{"is_compressed":"true","type":"IIS","is_sm_standard":"false","password":"p"}`,
  `{"reason":"SUPERSEDED"}`,
  `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","password":"b","domain":{"name":"c"}}}},"scope":{"domain":{"id":"d"}}}}`,
]
const targets = [
  `/v1/private-certificate-authorities/${id}?pending_days=7`,
  '/v1/private-certificates?limit=10&offset=0&name=a%20b*(%C3%A9&status=ISSUED&sort_key=not_after&sort_dir=ASC',
]
const bodyReaders: ((body: Buffer) => unknown)[] = [
  readCreateCa,
  (body) => readActivateCa(id, body),
  (body) => readImportCa(id, body),
  readCreateCertificate,
  readCreateCertificateByCsr,
  (body) => readExportCertificate(id, body),
  readRevocation,
  (body) => readTokenRequest({ body, target: '/v3/auth/tokens' }),
]
const targetReaders: ((target: string) => unknown)[] = [
  readQuery,
  readListCas,
  readListCertificates,
  (target) => readDeleteCa(id, target),
]

/** Runs a reader; whether it accepts is not the question, only that it throws nothing else. */
function outcomeOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    expect(error).toBeInstanceOf(HuaweiWireError)
    return error
  }
}

test('whatever the body, its readers answer or throw a HuaweiWireError', () => {
  let accepted = 0
  for (let round = 0; round < 10_000; round += 1) {
    const body = mutate(pick(bodies))
    for (const read of bodyReaders) if (!(outcomeOf(() => read(body)) instanceof Error)) accepted += 1
  }
  expect(accepted).toBeGreaterThan(1000)
})

test('whatever the target, the readers of queries answer or throw a HuaweiWireError', () => {
  let accepted = 0
  for (let round = 0; round < 10_000; round += 1) {
    const target = mutate(pick(targets)).toString('latin1')
    for (const read of targetReaders) if (!(outcomeOf(() => read(target)) instanceof Error)) accepted += 1
  }
  expect(accepted).toBeGreaterThan(1000)
})

test('whatever the credentials, nobody is let in and nothing but a HuaweiWireError is thrown', async () => {
  const sources = {
    findAccessKey: () => ({ secret: 'another secret', active: true, principal: { domainId: id } }),
    findToken: () => undefined,
    wallClock: { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) },
  }
  for (let round = 0; round < 10_000; round += 1) {
    const authorization = mutate(pick(vectors).authorization).toString('latin1')
    outcomeOf(() => parseAuthorization(authorization))
    const rawHeaders = [
      'Authorization',
      authorization,
      'X-Sdk-Date',
      '20260102T030405Z',
      'Host',
      'h',
      'Content-Type',
      'x',
      'X-Domain-Id',
      'd',
    ]
    const request = { method: 'GET', target: mutate(pick(targets)).toString('latin1'), rawHeaders, body: mutate('{}') }
    await expect(authenticate(request, sources)).rejects.toBeInstanceOf(HuaweiWireError)
  }
})
