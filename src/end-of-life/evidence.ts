import { stateOf, type CertificateStore } from '../certificates/index.ts'
import type { Evidence } from '../guards/index.ts'
import type { IssuanceLedger } from '../issuance/index.ts'
import type { Clock } from '../kernel/index.ts'

/** What the ledger and the inventory show of use: what is valid and not revoked may be relied on by somebody. */
export function evidenceOf({
  ledger,
  certificates,
  domainClock,
}: {
  ledger: IssuanceLedger
  certificates: CertificateStore
  domainClock: Clock
}): Evidence {
  return {
    async ofCa(caId) {
      const { leaves, cas, revoked } = await ledger.unexpired(caId, domainClock.now())
      const valid = leaves + cas - revoked
      return {
        inUse: valid > 0,
        reasons: valid > 0 ? [`${valid} unexpired certificates under it are not revoked`] : [],
        counts: { leaves, cas, revoked },
      }
    },
    async ofCertificate(accountId, certificateId) {
      const certificate = await certificates.find(accountId, certificateId)
      const valid = certificate !== undefined && stateOf(certificate, domainClock.now()) === 'valid'
      return { inUse: valid, reasons: valid ? ['it is valid and not revoked'] : [], counts: {} }
    },
  }
}
