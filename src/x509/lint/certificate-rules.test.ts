import { describe, expect, test } from 'vitest'
import { buildTbsCertificate } from '../certificate.ts'
import { broken, conforming, specOf } from '../test-support/certificates-to-lint.ts'
import { LintError, lintCertificate } from './lint.ts'
import type { LintFinding } from './rule.ts'
import type { CertificateProfile } from './profile.ts'
import { certificateRules } from './rules/index.ts'
import { tags } from '../der/tags.ts'
import { oid, primitive, sequence, set } from '../der/writer.ts'
import { oids } from '../oids.ts'

const asLeaf = conforming.find(([, , { kind }]) => kind === 'leaf')![2]
const leafSpec = specOf(asLeaf)

function findings(tbs: Uint8Array, profile: CertificateProfile): readonly LintFinding[] {
  try {
    return lintCertificate(tbs, profile).notes
  } catch (error) {
    if (error instanceof LintError) return error.findings
    throw error
  }
}

describe('what conforms', () => {
  test.each([...conforming])('%s has no finding', (_, spec, profile) => {
    expect(findings(buildTbsCertificate(spec), profile)).toEqual([])
  })
})

describe.each([...certificateRules])('rule $id ($source, $severity)', ({ id, severity }) => {
  test.each(broken[id] ?? [])('%s', (_, bytes, profile) => {
    const tbs = bytes instanceof Uint8Array ? bytes : buildTbsCertificate({ ...specOf(profile), ...bytes })
    expect(findings(tbs, profile)).toContainEqual(expect.objectContaining({ rule: id, severity }))
  })
})

describe('the list of rules', () => {
  test('each has a broken fixture here, and no two share an id', () => {
    expect(Object.keys(broken).toSorted()).toEqual(certificateRules.map(({ id }) => id).toSorted())
  })

  test('bytes that are no certificate at all are refused as not well formed', () => {
    const tbs = buildTbsCertificate(leafSpec)
    for (const bytes of [tbs.subarray(0, -1), Buffer.concat([tbs, Buffer.of(0)]), new Uint8Array()]) {
      expect(findings(bytes, asLeaf)).toMatchObject([{ rule: 'well-formed', severity: 'forbid' }])
    }
  })

  test('X.690 §8.21: a subject that is not UTF-8 is refused as not well formed', () => {
    const bad = sequence(set(sequence(oid(oids.commonName), primitive(tags.utf8String, Uint8Array.of(0xc0, 0x80)))))
    expect(findings(buildTbsCertificate({ ...leafSpec, subject: bad }), asLeaf)).toMatchObject([
      { rule: 'well-formed' },
    ])
  })
})
