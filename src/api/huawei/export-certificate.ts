import { createPrivateKey } from 'node:crypto'
import { zipSync } from 'fflate'
import { newHexId } from '../../kernel/index.ts'
import { operations } from '../operations.ts'
import { ok, type AuthenticatedCall, type Success } from './call.ts'
import { HuaweiWireError, ownErrors } from './errors.ts'
import type { Keystores } from './keystores.ts'
import { pem } from './pem.ts'
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
      certificatePem: pem('CERTIFICATE', certificate.certificate),
      chainPems: chain.map((der) => pem('CERTIFICATE', der)),
      ...(privateKey ? { privateKeyPem: privateKeyPem(privateKey, password) } : {}),
    }
    if (!compressed) return ok(exportedCertificate(material))

    const keystore =
      privateKey && (serverType === 'iis' || serverType === 'tomcat')
        ? await keystoreFor(serverType, call.parts.keystores, password, {
            certificate: certificate.certificate,
            chain,
            privateKey,
            alias: certificate.commonName || certificate.id,
            createdAt: certificate.createdAt,
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

/** With a password: PKCS #8 under PBES2 with AES-256 (RFC 8018), which OpenSSL and the servers of the list read. */
function privateKeyPem(pkcs8: Buffer, password: string | undefined): string {
  if (password === undefined) return pem('PRIVATE KEY', pkcs8)
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: password })
    .toString()
}

/** Without a password of the caller's one is made up, and travels in the zip file beside the keystore. */
async function keystoreFor(
  serverType: 'iis' | 'tomcat',
  keystores: Keystores | undefined,
  given: string | undefined,
  parts: Omit<Parameters<Keystores['jks']>[0], 'password'>,
): Promise<Keystore> {
  if (!keystores)
    throw new HuaweiWireError(ownErrors.pcaUnsupported, 'keystores (type IIS and TOMCAT) are not supported; use OTHER')
  const password = given ?? newHexId()
  const bytes = await keystores[serverType === 'iis' ? 'pkcs12' : 'jks']({ ...parts, password })
  return { bytes, ...(given === undefined ? { chosenPassword: password } : {}) }
}
