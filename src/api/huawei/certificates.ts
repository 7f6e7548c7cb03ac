import { operations } from '../operations.ts'
import { noContent, ok, type AuthenticatedCall, type Handler, type Success } from './call.ts'
import { exportCertificate } from './export-certificate.ts'
import {
  certificateList,
  certificateRecord,
  createdCertificate,
  readCertificateId,
  readCreateCertificate,
  readCreateCertificateByCsr,
  readListCertificates,
  type CreateCertificateByCsrInput,
  type ExtendedKeyUsage,
  type ListCertificatesInput,
} from './shapes/certificate.ts'
import { readRevocation } from './shapes/common.ts'
import { certificateView } from './views.ts'

/** huawei-ca-lifecycle.md §5.4 */
const purposeOids: Readonly<Record<ExtendedKeyUsage, string>> = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  smartCardLogon: '1.3.6.1.4.1.311.20.2.2',
}

const coreStates = { issued: 'valid', expired: 'expired', revoked: 'revoked' } as const
const sortedBy = {
  createTime: 'createdAt',
  commonName: 'commonName',
  issuerName: 'issuerName',
  notAfter: 'notAfter',
} as const satisfies Record<ListCertificatesInput['sortBy'], string>

const theCertificateId = ({ id }: AuthenticatedCall) => ({ certificateId: readCertificateId(id) })

/** The operations on private certificates; each is the wire's way to one operation of the core. */
export const certificateHandlers = {
  async CreateCertificate(call) {
    const { certificateId } = await call.run(operations.IssueCertificate, () => {
      const read = readCreateCertificate(call.request.body)
      const { extendedKeyUsages, subjectAlternativeNames, customExtension, ...input } = read
      return {
        ...input,
        extendedKeyUsages: extendedKeyUsages.map((usage) => purposeOids[usage]),
        names: subjectAlternativeNames.map(({ kind, value }) => ({ type: kind, value })),
        ...(customExtension ? { custom: customExtension } : {}),
      }
    })
    return ok(createdCertificate(certificateId))
  },

  /** One wire operation, two of the core: making a CA is a right of its own. */
  CreateCertificateByCsr: (call) => {
    const { kind, read } = readByCsr(call.request.body)
    return kind === 'intermediateCa' ? issueCaByCsr(call, read) : issueByCsr(call, read)
  },

  async ListCertificate(call) {
    const { total, rows } = await call.run(operations.ListPrivateCertificates, () => {
      const { sortBy, state, ...input } = readListCertificates(call.request.target)
      return { ...input, sortBy: sortedBy[sortBy], ...(state ? { state: coreStates[state] } : {}) }
    })
    return ok(certificateList(total, rows.map(certificateView)))
  },

  async ShowCertificate(call) {
    const shown = await call.run(operations.ShowPrivateCertificate, () => theCertificateId(call))
    return ok(certificateRecord(certificateView(shown)))
  },

  ExportCertificate: exportCertificate,

  async RevokeCertificate(call) {
    await call.run(operations.RevokeCertificate, () => ({
      ...theCertificateId(call),
      ...readRevocation(call.request.body),
    }))
    return noContent
  },

  async DeleteCertificate(call) {
    await call.run(operations.DeletePrivateCertificate, () => theCertificateId(call))
    return noContent
  },
} satisfies Record<string, Handler>

/**
 * The body says which operation is asked for, so it is read before that is run. One that cannot be read is refused by the
 * operation's own reading, after its rate limit.
 */
function readByCsr(body: Uint8Array): Pick<CreateCertificateByCsrInput, 'kind'> & { read: ReadByCsr } {
  try {
    const input = readCreateCertificateByCsr(body)
    return { kind: input.kind, read: () => input }
  } catch {
    return { kind: 'entity', read: () => readCreateCertificateByCsr(body) }
  }
}

type ReadByCsr = () => CreateCertificateByCsrInput

async function issueByCsr(call: AuthenticatedCall, read: ReadByCsr): Promise<Success> {
  const { certificateId } = await call.run(operations.IssueCertificateByCsr, () => {
    const { csrPem: csr, kind: _kind, pathLength: _pathLength, ...input } = read()
    return { ...input, csr }
  })
  return ok(createdCertificate(certificateId))
}

async function issueCaByCsr(call: AuthenticatedCall, read: ReadByCsr): Promise<Success> {
  const { certificateId } = await call.run(operations.IssueCaByCsr, () => {
    const { csrPem: csr, kind: _kind, ...input } = read()
    return { ...input, csr }
  })
  return ok(createdCertificate(certificateId))
}
