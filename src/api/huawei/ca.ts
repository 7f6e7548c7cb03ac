import { writePem } from '../../x509/index.ts'
import { operations } from '../operations.ts'
import { noContent, ok, type AuthenticatedCall, type Handler } from './call.ts'
import { HuaweiWireError, ownErrors } from './errors.ts'
import {
  caList,
  caRecord,
  createdCa,
  exportedCa,
  exportedCsr,
  readActivateCa,
  readCaId,
  readCreateCa,
  readDeleteCa,
  readImportCa,
  readListCas,
  type ListCasInput,
} from './shapes/ca.ts'
import { readRevocation } from './shapes/common.ts'
import { caView } from './views.ts'

const sortedBy = {
  createTime: 'createdAt',
  commonName: 'commonName',
  type: 'type',
  notAfter: 'notAfter',
} as const satisfies Record<ListCasInput['sortBy'], string>

/** Where a CA's record needs more than the CA: whose it is, and where its CRLs are. */
const surroundings = ({ principal, parts }: AuthenticatedCall) => ({
  domainId: principal.account.domainId,
  crlUrl: parts.publication && ((caId: string) => parts.publication!.crlUrl(caId)),
})

const theCaId = ({ id }: AuthenticatedCall) => ({ caId: readCaId(id) })

/** The operations on private CAs; each is the wire's way to one operation of the core. */
export const caHandlers = {
  async CreateCertificateAuthority(call) {
    const { caId } = await call.run(operations.CreateCa, () => {
      const { orderedCaId, ...input } = readCreateCa(call.request.body)
      if (orderedCaId !== undefined)
        throw new HuaweiWireError(
          ownErrors.pcaUnsupported,
          'ca_id is not supported: nothing is ordered in advance here',
        )
      return input
    })
    return ok(createdCa(caId))
  },

  async ListCertificateAuthority(call) {
    const { total, rows } = await call.run(operations.ListCas, () => {
      const { sortBy, ...input } = readListCas(call.request.target)
      return { ...input, sortBy: sortedBy[sortBy] }
    })
    const around = surroundings(call)
    return ok(
      caList(
        total,
        rows.map((shown) => caView(shown, around)),
      ),
    )
  },

  async ShowCertificateAuthority(call) {
    return ok(caRecord(caView(await call.run(operations.ShowCa, () => theCaId(call)), surroundings(call))))
  },

  async IssueCertificateAuthorityCertificate(call) {
    await call.run(operations.ActivateCa, () => readActivateCa(call.id, call.request.body))
    return noContent
  },

  async ImportCertificateAuthorityCertificate(call) {
    await call.run(operations.ImportCaCertificate, () => {
      const { caId, certificatePem, chainPem } = readImportCa(call.id, call.request.body)
      return {
        caId,
        certificate: certificatePem,
        ...(chainPem === undefined ? {} : { certificateChain: chainPem }),
      }
    })
    return noContent
  },

  async ExportCertificateAuthorityCertificate(call) {
    const { certificate, chain } = await call.run(operations.ExportCaCertificate, () => theCaId(call))
    return ok(
      exportedCa(
        writePem('CERTIFICATE', certificate),
        chain.map((der) => writePem('CERTIFICATE', der)),
      ),
    )
  },

  async ExportCertificateAuthorityCsr(call) {
    const { csr } = await call.run(operations.ExportCaCsr, () => theCaId(call))
    return ok(exportedCsr(writePem('CERTIFICATE REQUEST', csr)))
  },

  async DisableCertificateAuthority(call) {
    await call.run(operations.DisableCa, () => theCaId(call))
    return noContent
  },

  async EnableCertificateAuthority(call) {
    await call.run(operations.EnableCa, () => theCaId(call))
    return noContent
  },

  async RestoreCertificateAuthority(call) {
    await call.run(operations.RestoreCa, () => theCaId(call))
    return noContent
  },

  async RevokeCertificateAuthority(call) {
    await call.run(operations.RevokeCa, () => ({ ...theCaId(call), ...readRevocation(call.request.body) }))
    return noContent
  },

  async DeleteCertificateAuthority(call) {
    await call.run(operations.DeleteCa, () => {
      const { caId, pendingDays } = readDeleteCa(call.id, call.request.target)
      return { caId, keepDays: pendingDays }
    })
    return noContent
  },
} satisfies Record<string, Handler>
