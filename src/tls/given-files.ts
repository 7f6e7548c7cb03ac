import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { readPem, X509Error } from '../x509/index.ts'
import { TlsError, type TlsIdentity, type TlsSource } from './source.ts'

/** Certificate (with the chain behind it) and private key from two PEM files, read anew at each call. */
export function givenFiles(files: { certificate: string; privateKey: string }): TlsSource {
  return {
    async current() {
      const certificate = await readText('certificate', files.certificate)
      const privateKey = await readText('private key', files.privateKey)
      return identityOf(certificate, privateKey, files)
    },
  }
}

function identityOf(
  certificate: string,
  privateKey: string,
  files: { certificate: string; privateKey: string },
): TlsIdentity {
  let first: X509Certificate
  try {
    const [block] = readPem(certificate)
    if (block?.label !== 'CERTIFICATE') throw new X509Error('BadPem', 'its first block is no certificate')
    first = new X509Certificate(block.der)
  } catch (error) {
    throw new TlsError(`${files.certificate} holds no certificate that can be read (${reasonOf(error)}).`)
  }
  if (!belongs(first, privateKey, files.privateKey))
    throw new TlsError(`The private key ${files.privateKey} does not belong to the certificate ${files.certificate}.`)
  return { certificate, privateKey, notAfter: Date.parse(first.validTo), authority: undefined }
}

function belongs(certificate: X509Certificate, privateKey: string, path: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(privateKey))
  } catch {
    // What OpenSSL says of it could show what is in it.
    throw new TlsError(`${path} holds no private key that can be read without a password.`)
  }
}

async function readText(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new TlsError(`The ${what} ${path} cannot be read (${reasonOf(error)}).`)
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
