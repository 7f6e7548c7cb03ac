import { describe, expect, test } from 'vitest'
import type { Subtree } from './extensions/name-constraints.ts'
import type { GeneralName } from './general-names.ts'
import { nameConstraintsViolation } from './name-constraints-check.ts'
import { buildName, parseName } from './names.ts'
import type { NameFields } from './names.ts'

type Side = 'permitted' | 'excluded'
const holds = (side: Side, subtree: Subtree, altNames: GeneralName[], subject: NameFields = {}) =>
  nameConstraintsViolation([{ permitted: [], excluded: [], [side]: [subtree] }], {
    subject: parseName(buildName(subject)),
    altNames,
  }) === undefined

describe('name constraints, RFC 5280 §4.2.1.10', () => {
  test.each<[string, string, boolean]>([
    ['example.com', 'example.com', true],
    ['example.com', 'EXAMPLE.com', true],
    ['example.com', 'a.b.example.com', true],
    ['example.com', '*.example.com', true],
    ['example.com', 'badexample.com', false],
    ['example.com', 'example.com.evil', false],
    ['.example.com', 'a.example.com', true],
    ['.example.com', '*.example.com', true],
    ['.example.com', 'example.com', false],
    ['a.example.com', '*.example.com', false],
    ['', 'anything', true],
  ])('permitted dNSName %j with %s: %s', (value, name, expected) => {
    expect(holds('permitted', { type: 'dns', value }, [{ type: 'dns', value: name }])).toBe(expected)
  })

  test.each<[string, string, boolean]>([
    ['example.com', 'a.example.com', false],
    ['a.example.com', '*.example.com', false],
    ['.a.example.com', '*.example.com', false],
    ['a.b.example.com', '*.example.com', true],
    ['example.com', 'example.org', true],
    ['', 'anything', false],
  ])('excluded dNSName %j with %s: %s', (value, name, expected) => {
    expect(holds('excluded', { type: 'dns', value }, [{ type: 'dns', value: name }])).toBe(expected)
  })

  test.each<[string, string, boolean]>([
    ['root@example.com', 'root@EXAMPLE.com', true],
    ['root@example.com', 'Root@example.com', false],
    ['example.com', 'a@example.com', true],
    ['example.com', 'a@b.example.com', false],
    ['.example.com', 'a@b.example.com', true],
    ['.example.com', 'a@example.com', false],
  ])('permitted rfc822Name %s with %s: %s', (value, name, expected) => {
    expect(holds('permitted', { type: 'email', value }, [{ type: 'email', value: name }])).toBe(expected)
  })

  test.each<[string, string, boolean]>([
    ['host.example.com', 'http://HOST.example.com:80/x', true],
    ['example.com', 'http://host.example.com/', false],
    ['.example.com', 'http://host.example.com/', true],
    ['.example.com', 'urn:a:b', false],
    ['.example.com', 'http://192.0.2.1/', false],
    ['.example.com', 'http://[::1]/', false],
  ])('permitted URI %s with %s: %s', (value, name, expected) => {
    expect(holds('permitted', { type: 'uri', value }, [{ type: 'uri', value: name }])).toBe(expected)
  })

  test('an excluded URI subtree also refuses a URI whose host cannot be told', () => {
    expect(holds('excluded', { type: 'uri', value: '.example.com' }, [{ type: 'uri', value: 'urn:a:b' }])).toBe(false)
    expect(holds('excluded', { type: 'uri', value: '.example.com' }, [{ type: 'uri', value: 'http://a.org/' }])).toBe(
      true,
    )
  })

  test('IP ranges, of one family each', () => {
    const v4: Subtree = { type: 'ip', value: '10.0.0.0/8' }
    expect(holds('permitted', v4, [{ type: 'ip', value: '10.1.2.3' }])).toBe(true)
    expect(holds('permitted', v4, [{ type: 'ip', value: '11.1.2.3' }])).toBe(false)
    expect(holds('permitted', v4, [{ type: 'ip', value: '::1' }])).toBe(false)
    expect(holds('excluded', v4, [{ type: 'ip', value: '10.1.2.3' }])).toBe(false)
  })

  test('directoryName: the constraint’s RDNs begin the subject’s', () => {
    const der = buildName({ country: 'CN', organization: 'Example' })
    const subtree: Subtree = { type: 'directoryName', der }
    expect(holds('permitted', subtree, [], { country: 'CN', organization: 'EXAMPLE', commonName: 'a' })).toBe(true)
    expect(holds('permitted', subtree, [], { country: 'CN', organization: 'Other' })).toBe(false)
    expect(holds('permitted', subtree, [], { country: 'CN' })).toBe(false)
    expect(holds('permitted', subtree, [], {})).toBe(true)
    expect(holds('excluded', subtree, [{ type: 'directoryName', der }])).toBe(false)
  })

  test('a form without constraints is free', () => {
    expect(holds('permitted', { type: 'dns', value: 'example.com' }, [{ type: 'ip', value: '1.2.3.4' }])).toBe(true)
  })

  test('a constraint that cannot be judged refuses names of its form only', () => {
    const other: GeneralName = { type: 'other', tagNumber: 8, der: Uint8Array.of(0x88, 1, 0x2a) }
    for (const side of ['permitted', 'excluded'] as const) {
      expect(holds(side, { type: 'other', tagNumber: 8 }, [other])).toBe(false)
      expect(holds(side, { type: 'other', tagNumber: 0 }, [other])).toBe(true)
    }
  })

  test('an e-mail address in the subject counts when there is no rfc822Name', () => {
    const subtree: Subtree = { type: 'email', value: 'example.com' }
    expect(holds('permitted', subtree, [], { emailAddress: 'a@other.com' })).toBe(false)
    expect(
      holds('permitted', subtree, [{ type: 'email', value: 'a@example.com' }], { emailAddress: 'a@other.com' }),
    ).toBe(true)
  })

  test('a common name that reads as a host counts when there is no dNSName', () => {
    const subtree: Subtree = { type: 'dns', value: 'example.com' }
    expect(holds('permitted', subtree, [], { commonName: 'www.other.com' })).toBe(false)
    expect(holds('permitted', subtree, [], { commonName: 'Some Person' })).toBe(true)
  })

  test('the constraints of every CA above apply', () => {
    const constraint = (value: string) => ({ permitted: [{ type: 'dns', value }] as Subtree[], excluded: [] })
    const names = {
      subject: parseName(buildName({})),
      altNames: [{ type: 'dns', value: 'a.example.com' }] as GeneralName[],
    }
    expect(nameConstraintsViolation([constraint('example.com'), constraint('a.example.com')], names)).toBeUndefined()
    expect(nameConstraintsViolation([constraint('example.com'), constraint('b.example.com')], names)).toMatch(
      /not permitted/,
    )
  })
})
