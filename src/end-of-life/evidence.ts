import { stateOf, type CertificateStore } from '../certificates/index.ts'
import type { Evidence } from '../guards/index.ts'
import { unexpiredOf, type IssuanceLedger } from '../issuance/index.ts'
import type { Clock } from '../kernel/index.ts'
import type { UseMark, UseMarks } from '../use-marks/index.ts'
import { wordsOfUse } from './verdict.ts'

/** What the ledger and the inventory show of use: what is valid and not revoked may be relied on by somebody. */
export function evidenceOf({
  ledger,
  certificates,
  useMarks,
  domainClock,
}: {
  ledger: IssuanceLedger
  certificates: CertificateStore
  useMarks: Pick<UseMarks, 'of'>
  domainClock: Clock
}): Evidence {
  return {
    async ofCa(caId) {
      const [under, marks] = await Promise.all([ledger.under(caId, domainClock.now()), useMarks.of(caId, '')])
      const { valid, unexpired } = unexpiredOf(under)
      const { leaves, cas } = under
      const reasons = valid > 0 ? [`${valid} unexpired certificates under it are not revoked`, ...seen(marks)] : []
      return {
        inUse: reasons.length > 0,
        reasons,
        counts: { leaves: leaves.valid + leaves.revoked, cas: cas.valid + cas.revoked, revoked: unexpired - valid },
      }
    },
    async ofCertificate(accountId, certificateId) {
      const certificate = await certificates.find(accountId, certificateId)
      const valid = certificate !== undefined && stateOf(certificate, domainClock.now()) === 'valid'
      return { inUse: valid, reasons: valid ? ['it is valid and not revoked'] : [], counts: {} }
    },
  }
}

/** Nobody misses what is expired or revoked, however often it is asked for. */
const seen = (marks: readonly UseMark[]): string[] => marks.map(({ kind }) => `lately ${wordsOfUse[kind]}`)
