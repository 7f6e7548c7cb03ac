import { describe, expect, test } from 'vitest'
import { fillIn, generalized, instant, matches, type Known } from './placeholders.ts'

const dayMs = 86_400_000
const now = Date.parse('2030-01-09T00:00:00Z')
const known: Known = {
  now,
  earlier: [{ text: 'now-8d', at: now - 8 * dayMs }],
  variables: new Map<string, string | number>([
    ['ca_id', '4c0e772e-a30c-4029-b929-b7acb04143f7'],
    ['cert_id', 7_562_353],
  ]),
  asked: '/cas/00000000-0000-4000-8000-000000000000',
}

describe('what is filled in', () => {
  test('names are written as their place wants it', () => {
    expect(fillIn('/{{ca_id}}?n={{cert_id}}', known.variables, (value) => `<${value}>`)).toBe(
      '/<4c0e772e-a30c-4029-b929-b7acb04143f7>?n=<7562353>',
    )
  })

  test('repetitions, also of what has braces', () => {
    expect(fillIn('{{x*3}} {{{"a":1},*2}}', known.variables)).toBe('xxx {"a":1},{"a":1},')
    expect(fillIn('{{cert_id}}&{{x*2}}', known.variables)).toBe('7562353&xx')
  })

  test('a name that nothing is known under is an error', () => {
    expect(() => fillIn('{{other}}', known.variables)).toThrow('nothing is known as {{other}}')
  })
})

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

describe('what a placeholder stands for', () => {
  test.each([
    ['CA {{ca_id}} is gone', 'CA 4c0e772e-a30c-4029-b929-b7acb04143f7 is gone'],
    ['<uuid>', '00000000-0000-4000-8000-000000000000'],
    ['<UUID>', '3E50D480-9765-5CFD-9650-9BACCECA5135'],
    ['<hex32>', '0123456789abcdef0123456789abcdef'],
    ['<HEX4>', '0AF9'],
    ['<digits>', '202203070322544291829058'],
    ['until <date now+7d>.', 'until 2030-01-16T00:00:00.000Z.'],
    ['<date now-8d+10y>', '2040-01-01T00:00:00Z'],
    ['<http-date now>', 'Wed, 09 Jan 2030 00:00:00 GMT'],
    ['<day now+1d>', '2030-01-10'],
    ['<ms now-1h>', String(now - 3_600_000)],
    ['<pem:CERTIFICATE>', pem],
    ['<pem:CERTIFICATE x2>', pem + pem],
    ['<pem:CERTIFICATE crlf>', pem.replaceAll('\n', '\r\n')],
    ['(a.b)* <text> [c]', '(a.b)* anything [c]'],
  ])('%s: %s', (written, text) => {
    expect(matches(written, text, known)).toBe(true)
  })

  test.each([
    ['CA {{ca_id}} is gone', 'CA 00000000-0000-4000-8000-000000000000 is gone'],
    ['<uuid>', '3E50D480-9765-5CFD-9650-9BACCECA5135'],
    ['<uuid>', ' 00000000-0000-4000-8000-000000000000'],
    ['<hex32>', '0123456789abcdef'],
    ['<date now+7d>', '2030-01-17T00:00:00.000Z'],
    ['<ms now>', String(now + 1)],
    ['<day now+1d>', '2030-01-09'],
    ['<pem:CERTIFICATE>', pem + pem],
    ['<pem:CERTIFICATE>', pem.replaceAll('\n', '\r\n')],
    ['<pem:PRIVATE KEY>', pem],
    ['<text>', ''],
    ['a.b', 'axb'],
  ])('%s, but not %s', (written, text) => {
    expect(matches(written, text, known)).toBe(false)
  })
})

test('an instant is read from left to right, with calendar years', () => {
  expect(instant('now', now)).toBe(now)
  expect(instant('now-8d+10y', now)).toBe(Date.parse('2040-01-01T00:00:00Z'))
  expect(() => instant('tomorrow', now)).toThrow('is no instant')
})

describe('what a recorder writes', () => {
  test.each([
    ['CA 4c0e772e-a30c-4029-b929-b7acb04143f7 is gone', 'CA {{ca_id}} is gone'],
    ['id 7562353', 'id {{cert_id}}'],
    ['4c0e772e-a30c-4029-b929-b7acb04143f8', '<uuid>'],
    ['CA 00000000-0000-4000-8000-000000000000, as asked', 'CA 00000000-0000-4000-8000-000000000000, as asked'],
    ['until 2030-01-16T00:00:00.000Z', 'until <date now+7d>'],
    ['since 2030-01-01T00:00:00.000Z', 'since <date now-8d>'],
    ['until 2040-01-01T00:00:00.000Z', 'until <date now-8d+10y>'],
    ['at 2029-12-31T23:59:59.123Z', 'at <date>'],
    ['2030-01-16', '<day>'],
    ['1 to 2147483647', '1 to 2147483647'],
    ['202203070322544291829058', '<digits>'],
    [`${pem}${pem}`, '<pem:CERTIFICATE x2>'],
    [pem.replaceAll('\n', '\r\n'), '<pem:CERTIFICATE crlf>'],
    ['SHA256\\n0123456789abcdef0123456789abcdef', 'SHA256\\n<hex32>'],
    ['a text without anything special', 'a text without anything special'],
  ])('%s becomes %s', (text, written) => {
    expect(generalized(text, known)).toBe(written)
    expect(matches(written, text, known)).toBe(true)
  })
})
