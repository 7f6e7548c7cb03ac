import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Principal } from '../../iam/index.ts'
import { Problem, problem } from '../../kernel/index.ts'
import { wireError, wireProblems } from './wire-problems.ts'

const divergences = readFileSync(new URL('../../../docs/divergences/alibaba.md', import.meta.url), 'utf8')

const call = {
  ramAction: 'yundun-cert:UploadUserCertificate',
  requestId: 'id',
  principal: { user: { decimalId: '1' }, account: { id: '2' } } as Principal,
  fields: { name: 'Name', tags: 'Tags' },
}

describe('problems of the core in this dialect', () => {
  test('codes of our own and docs/divergences/alibaba.md agree in both directions', () => {
    const own = Object.values(wireProblems).flatMap((wire) => ('own' in wire ? [wire.code] : []))
    const [, section = ''] = divergences.split('## Codes of our own\n')
    const documented = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, code]) => code!)
    expect(documented.toSorted()).toEqual([...new Set(own)].toSorted())
  })

  test('every code of our own is 400, and 403 by a guard, as the document says', () => {
    const rows = [...divergences.matchAll(/^\| `([^`]+)` \|.*?(?:\((403)\) \|)?$/gm)]
    const documented = new Map(rows.map(([, code, status = '400']) => [code, Number(status)]))
    const own = Object.values(wireProblems).filter((wire) => 'own' in wire)
    expect(own.filter(({ code, status }) => documented.get(code) !== status)).toEqual([])
  })

  test('of what can be deleted only a certificate that is not there is a 404; a role’s is STS’s own', () => {
    const missing = Object.entries(wireProblems).filter(([, { status }]) => status === 404)
    expect(missing.map(([problemCode, { code }]) => [problemCode, code])).toEqual([
      ['CertificateNotFound', 'NotFound'],
      ['RoleNotFound', 'EntityNotExist.Role'],
    ])
  })

  test('a code of ours never hides one of the vendor’s', () => {
    const byCode = Map.groupBy(Object.values(wireProblems), ({ code }) => code)
    for (const wires of byCode.values()) expect(new Set(wires.map((wire) => 'own' in wire)).size).toBe(1)
  })

  test('what the core finds wrong is said of the parameter behind its field', () => {
    const refusal = (field: string) => wireError(problem('InputInvalid', { field, reason: 'is too long' }), call)
    expect(refusal('name')).toMatchObject({
      code: 'InvalidName',
      message: 'Specified parameter Name is not valid. It is too long.',
    })
    expect(refusal('tags.<caller’s words>')).toMatchObject({
      code: 'InvalidTags',
      message: 'Specified parameter Tags is not valid.',
    })
    for (const field of ['input', 'constructor', '']) {
      expect(refusal(field)).toMatchObject({ status: 400, code: 'InvalidParameter' })
      expect(refusal(field)?.message).not.toContain('too long')
    }
  })

  test('a problem that no operation may answer with has no translation', () => {
    expect(wireError(new Problem('EntitlementsChanged', ''), call)).toBeUndefined()
    expect(wireError(new Problem('toString', ''), call)).toBeUndefined()
  })
})
