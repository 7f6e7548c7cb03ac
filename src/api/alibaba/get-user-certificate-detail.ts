import { day } from '../../kernel/index.ts'
import { equalBytes, parseCertificate, writePem, type Certificate as ParsedCertificate } from '../../x509/index.ts'
import { operations } from '../operations.ts'
import { certificateMembers, first, shown } from './certificate-members.ts'
import type { WireObject } from './document.ts'
import { flag, ignored, int64, required } from './parameters.ts'
import { wireOperation } from './wire-operation.ts'

/** GetUserCertificateDetail, version 2020-04-07. Gives out the private key unless `CertFilter` is true. */
export const getUserCertificateDetail = wireOperation({
  parameters: { CertId: required(int64), CertFilter: flag, SourceIp: ignored },
  operation: operations.ShowRepositoryCertificate,
  fields: { number: 'CertId', withMaterial: 'CertFilter' },
  input: ({ CertId, CertFilter = false }) => ({ number: CertId, withMaterial: !CertFilter }),

  members({ certificate, chain, privateKey }, now, { CertFilter = false }) {
    const above = chain.map((der) => parseCertificate(der))
    // What was uploaded comes back as it was; of what we issued, servers need the leaf and the CAs below the root.
    const served = [
      parseCertificate(certificate.certificate),
      ...(certificate.source === 'uploaded' ? above : above.filter((each) => !isRoot(each))),
    ]
    const { Sha2, ...members } = certificateMembers(certificate, now)
    const key = privateKey && writePem('PRIVATE KEY', privateKey)
    privateKey?.fill(0)
    return {
      ...members,
      Id: certificate.number,
      CertIdentifier: `${certificate.number}-cn-hangzhou`,
      Common: shown(certificate.commonName),
      Algorithm: algorithmOf(certificate.keyAlgorithm),
      BuyInAliyun: certificate.source === 'issued',
      NotBefore: certificate.notBefore,
      NotAfter: certificate.notAfter,
      Sha2,
      CertSha2: Sha2,
      CertChain: served.map((each) => chainRow(each, now)),
      Tags: Object.entries(certificate.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
      ...(CertFilter ? {} : { Cert: served.map(({ der }) => writePem('CERTIFICATE', der)).join(''), Key: key }),
    }
  },
})

const isRoot = ({ tbs }: ParsedCertificate): boolean => equalBytes(tbs.subjectDer, tbs.issuerDer)

const chainRow = ({ tbs }: ParsedCertificate, now: number): WireObject => ({
  CommonName: first(tbs.subject.fields().commonName),
  IssuerCommonName: first(tbs.issuer.fields().commonName),
  NotBefore: tbs.notBefore,
  NotAfter: tbs.notAfter,
  RemainDay: Math.max(0, Math.floor((tbs.notAfter - now) / day)),
})

/** The cloud names kinds of key, not sizes: `RSA`, `ECC`. Ours begin with the kind (`rsa2048`) or the curve (`p256`). */
const algorithmOf = (keyAlgorithm: string): string =>
  keyAlgorithm.startsWith('rsa') ? 'RSA' : /^(?:p\d+|ec)$/.test(keyAlgorithm) ? 'ECC' : keyAlgorithm.toUpperCase()
