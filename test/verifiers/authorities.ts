import { own } from '../support/client.ts'
import { crl, until } from '../support/life.ts'
import { crlPem, file, openssl } from '../support/openssl.ts'
import { certificatePem } from '../support/pem.ts'
import type { Service } from '../support/service.ts'

/** A CA of the service, as verifiers see it; certificates are PEM. */
export interface Authority {
  id: string
  keyAlgorithm: string
  pem: string
  /** Everything between it and its root, itself included, the lowest first; empty for a root. */
  chain: string
  root: string
}

export interface IssuedLeaf {
  id: string
  pem: string
}

/** What a signer of this kind is asked for: Ed25519 takes no hash (RFC 8410 §3). */
const hashed = (signer: string, signatureHash: string) => (signer === 'ed25519' ? {} : { signatureHash })

/** CAs and certificates through the service's own door. */
export function authorities(service: Service) {
  const call = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)
  const exported = async (caId: string): Promise<string> =>
    certificatePem((await call('ExportCaCertificate', { caId })).certificate as string)

  async function root(keyAlgorithm = 'p256'): Promise<Authority> {
    const { caId: id } = await call('CreateCa', {
      type: 'root',
      subject: { commonName: `Root ${keyAlgorithm}`, country: 'CN' },
      keyAlgorithm,
      ...hashed(keyAlgorithm, 'sha384'),
      validity: { unit: 'year', amount: 20 },
    })
    const certificate = await exported(id)
    return { id, keyAlgorithm, pem: certificate, chain: '', root: certificate }
  }

  async function under(parent: Authority, keyAlgorithm = 'p256', pathLength = 0): Promise<Authority> {
    const { caId: id } = await call('CreateCa', {
      type: 'subordinate',
      issuerId: parent.id,
      pathLength,
      subject: { commonName: `CA ${keyAlgorithm} ${pathLength}`, country: 'CN' },
      keyAlgorithm,
      ...hashed(parent.keyAlgorithm, 'sha256'),
      validity: { unit: 'year', amount: 10 },
    })
    const certificate = await exported(id)
    return { id, keyAlgorithm, pem: certificate, chain: certificate + parent.chain, root: parent.root }
  }

  async function leaf(issuer: Authority, keyAlgorithm = 'p256', name = 'leaf.example.test'): Promise<IssuedLeaf> {
    const { certificateId: id } = await call('IssueCertificate', {
      issuerId: issuer.id,
      subject: { commonName: name },
      keyAlgorithm,
      validity: { unit: 'day', amount: 90 },
      names: [{ type: 'dns', value: name }],
      extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
    })
    const { certificate } = await call('ExportPrivateCertificate', { certificateId: id })
    return { id, pem: certificatePem(certificate.certificate as string) }
  }

  /** The CA's CRL as PEM once it has so many entries. */
  const crlOf = (ca: Authority, entries: number): Promise<string> =>
    until(`${entries} on the CRL`, async () => {
      const der = await crl(service, ca.id)
      if (der === undefined) return undefined
      const text = openssl('crl', '-in', file('crl.pem', crlPem(der)), '-noout', '-text')
      return (text.match(/Serial Number/g) ?? []).length === entries && crlPem(der)
    })

  return { call, root, under, leaf, crlOf }
}
