import { randomBytes } from 'node:crypto'
import { zipSync } from 'fflate'
import { encryptPrivateKey, writeJks, writePkcs12, type KeystoreContent } from '../../keystores/index.ts'
import { writePem } from '../../x509/index.ts'
import { operations } from '../operations.ts'
import { ok, type AuthenticatedCall, type Success } from './call.ts'
import {
  exportedCertificate,
  exportFiles,
  readExportCertificate,
  zipHeaders,
  type ExportCertificateInput,
  type ExportMaterial,
  type Keystore,
} from './shapes/export-certificate.ts'

/** ExportCertificate: JSON, or a zip file laid out for the server that is to use it (huawei-ca-lifecycle.md §7). */
export async function exportCertificate(call: AuthenticatedCall): Promise<Success> {
  let asked: ExportCertificateInput | undefined
  const { certificate, chain, privateKey } = await call.run(operations.ExportPrivateCertificate, () => {
    asked = readExportCertificate(call.id, call.request.body)
    return { certificateId: asked.certificateId }
  })
  const { compressed, serverType, password } = asked!
  try {
    const material: ExportMaterial = {
      certificatePem: writePem('CERTIFICATE', certificate.certificate),
      chainPems: chain.map((der) => writePem('CERTIFICATE', der)),
      ...(privateKey ? { privateKeyPem: privateKeyPem(privateKey, password) } : {}),
    }
    if (!compressed) return ok(exportedCertificate(material))

    const keystore =
      privateKey && (serverType === 'iis' || serverType === 'tomcat')
        ? keystoreFor(serverType, password, certificate, {
            certificate: certificate.certificate,
            chain,
            privateKeyPkcs8: privateKey,
          })
        : undefined
    const files = Object.entries(exportFiles(serverType, material, keystore)).map(
      ([name, content]) => [name, typeof content === 'string' ? Buffer.from(content) : content] as const,
    )
    return {
      status: 200,
      headers: zipHeaders(certificate.commonName, serverType),
      // A zip file knows the years 1980 to 2099 only, which the domain clock of an emulator may leave.
      body: zipSync(Object.fromEntries(files), { mtime: call.parts.wallClock.now() }),
    }
  } finally {
    privateKey?.fill(0)
  }
}

const privateKeyPem = (pkcs8: Buffer, password: string | undefined): string =>
  password === undefined ? writePem('PRIVATE KEY', pkcs8) : encryptPrivateKey(pkcs8, password)

/** Without a password of the caller's one is made up, and travels in the zip file beside the keystore. */
function keystoreFor(
  serverType: 'iis' | 'tomcat',
  given: string | undefined,
  { commonName, createdAt }: { commonName: string; createdAt: number },
  parts: Omit<KeystoreContent, 'password'>,
): Keystore {
  const content = { ...parts, password: given ?? randomBytes(16).toString('hex') }
  const bytes =
    serverType === 'iis'
      ? writePkcs12({ ...content, friendlyName: commonName })
      : writeJks({ ...content, alias: commonName, createdAt })
  return { bytes, ...(given === undefined ? { chosenPassword: content.password } : {}) }
}
