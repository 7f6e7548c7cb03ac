import { createHash } from 'node:crypto'
import { concatBytes, equalBytes } from '../bytes.ts'
import { parseTbsCertificate } from '../certificate.ts'
import type { StreamedTbsCertList, TbsCertList } from '../crl.ts'
import { parseCsrInfo } from '../csr.ts'
import { fail, X509Error } from '../errors.ts'
import { CertificateFacts } from './certificate-facts.ts'
import { readCrlFacts, readStreamedCrlFacts, type CrlFacts } from './crl-facts.ts'
import type { LintFinding, Rule } from './rule.ts'
import type { CertificateProfile, CrlProfile, CsrProfile } from './profile.ts'
import { certificateRules, crlRules, csrRules } from './rules/index.ts'

/** The bytes must not be signed. `findings` holds all of them, notes included. */
export class LintError extends X509Error<'LintForbids'> {
  readonly findings: readonly LintFinding[]

  constructor(findings: readonly LintFinding[]) {
    const forbidden = findings.filter(({ severity }) => severity === 'forbid')
    super('LintForbids', forbidden.map(({ rule, detail }) => `${rule}: ${detail}`).join('; '))
    this.findings = findings
  }
}

/** Makes tokens; set by the class and known to this file only, so that nothing else can hold bytes for linted. */
let mint: <Kind extends LintedKind, Content>(
  kind: Kind,
  content: Content,
  notes: readonly LintFinding[],
) => Linted<Kind, Content>

type LintedKind = 'certificate' | 'crl' | 'csr'

/** Proof that bytes were linted, with the bytes. A signer takes this and nothing else. Good for one use. */
export class Linted<Kind extends LintedKind, Content> {
  readonly kind: Kind
  readonly notes: readonly LintFinding[]
  #content: Content | undefined

  static {
    mint = (kind, content, notes) => new Linted(kind, content, notes)
  }

  private constructor(kind: Kind, content: Content, notes: readonly LintFinding[]) {
    this.kind = kind
    this.#content = content
    this.notes = notes
  }

  /** The bytes to be signed: a private copy of what was linted. Throws X509Error TokenSpent the second time. */
  consume(): Content {
    const content = this.#content
    if (content === undefined) throw fail('TokenSpent', 'what was linted once is signed once')
    this.#content = undefined
    return content
  }
}

export type LintedTbs = Linted<'certificate', Uint8Array>
export type LintedCsrInfo = Linted<'csr', Uint8Array>
/** Its stream gives the linted bytes each time it is read, or throws CrlSourceChanged before the last chunk. */
export type LintedCrl = Linted<'crl', TbsCertList>
export type LintedCrlStream = Linted<'crl', StreamedTbsCertList>

/** Re-parses the exact TBSCertificate to be signed and applies every rule. Throws LintError when one forbids. */
export function lintCertificate(tbs: Uint8Array, profile: CertificateProfile): LintedTbs {
  const bytes = concatBytes([tbs])
  const facts = wellFormed(() => new CertificateFacts(parseTbsCertificate(bytes), profile))
  return mint('certificate', bytes, applyRules(certificateRules, facts))
}

/** The same for a CertificationRequestInfo of ours. Throws LintError. */
export function lintCsrInfo(info: Uint8Array, profile: CsrProfile): LintedCsrInfo {
  const bytes = concatBytes([info])
  const facts = wellFormed(() => ({ info: parseCsrInfo(bytes), profile }))
  return mint('csr', bytes, applyRules(csrRules, facts))
}

/**
 * The same for a TBSCertList, entry by entry in one pass over its chunks. That no serial comes twice is the ledger's
 * promise. Throws LintError.
 */
export function lintCrl(tbs: TbsCertList, profile: CrlProfile): LintedCrl {
  const facts = wellFormed(() => readCrlFacts(tbs, profile))
  return mint('crl', guarded(tbs, facts.digest), applyRules(crlRules, facts))
}

/** The same for a TBSCertList whose chunks have to be waited for. Throws LintError. */
export async function lintStreamedCrl(tbs: StreamedTbsCertList, profile: CrlProfile): Promise<LintedCrlStream> {
  let facts: CrlFacts
  try {
    facts = await readStreamedCrlFacts(tbs, profile)
  } catch (error) {
    throw notWellFormed(error)
  }
  return mint('crl', guardedStream(tbs, facts.digest), applyRules(crlRules, facts))
}

function wellFormed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw notWellFormed(error)
  }
}

function notWellFormed(error: unknown): unknown {
  if (!(error instanceof X509Error)) return error
  const source = 'X.690 §10, §11'
  return new LintError([{ rule: 'well-formed', source, severity: 'forbid', detail: error.message }])
}

function applyRules<Subject>(rules: readonly Rule<Subject>[], subject: Subject): LintFinding[] {
  const findings: LintFinding[] = []
  for (const rule of rules) {
    const detail = checked(rule, subject)
    if (detail !== undefined) findings.push({ rule: rule.id, source: rule.source, severity: rule.severity, detail })
  }
  if (findings.some(({ severity }) => severity === 'forbid')) throw new LintError(findings)
  return findings
}

function checked<Subject>(rule: Rule<Subject>, subject: Subject): string | undefined {
  try {
    return rule.check(subject)
  } catch (error) {
    if (error instanceof X509Error) return error.message
    throw error
  }
}

function guarded(tbs: TbsCertList, digest: Uint8Array): TbsCertList {
  return {
    byteLength: tbs.byteLength,
    signatureAlgorithm: tbs.signatureAlgorithm,
    *[Symbol.iterator]() {
      const hash = createHash('sha256')
      let held: Uint8Array | undefined
      for (const chunk of tbs) {
        if (held) yield held
        hash.update(chunk)
        held = chunk
      }
      if (!equalBytes(hash.digest(), digest)) throw changedSince()
      if (held) yield held
    },
  }
}

function guardedStream(tbs: StreamedTbsCertList, digest: Uint8Array): StreamedTbsCertList {
  return {
    byteLength: tbs.byteLength,
    signatureAlgorithm: tbs.signatureAlgorithm,
    async *[Symbol.asyncIterator]() {
      const hash = createHash('sha256')
      let held: Uint8Array | undefined
      for await (const chunk of tbs) {
        if (held) yield held
        hash.update(chunk)
        held = chunk
      }
      if (!equalBytes(hash.digest(), digest)) throw changedSince()
      if (held) yield held
    },
  }
}

const changedSince = () => fail('CrlSourceChanged', 'the CRL is not the one that was linted')
