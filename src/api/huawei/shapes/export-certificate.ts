import { oneOf, optional, readFields, required, text, withDefault } from '../fields.ts'
import { readJsonBody } from '../read-body.ts'
import { readPathId, wirePem } from './common.ts'

export type ServerType = 'apache' | 'nginx' | 'iis' | 'tomcat' | 'other'

/** What ExportCertificate asks for. */
export interface ExportCertificateInput {
  certificateId: string
  /** A zip file rather than JSON. */
  compressed: boolean
  serverType: ServerType
  /** Only of meaning for SM2. */
  gmStandard: boolean
  /** Encrypts the exported key or keystore; at most 32 bytes. Absent: the key leaves unencrypted. */
  password?: string
}

const serverTypes: Readonly<Record<string, ServerType>> = {
  APACHE: 'apache',
  NGINX: 'nginx',
  IIS: 'iis',
  TOMCAT: 'tomcat',
  OTHER: 'other',
}
/** Flags that this wire spells as strings (huawei-wire.md §6). */
const textFlag = oneOf({ true: true, false: false })
const exportFields = {
  compressed: required('is_compressed', textFlag),
  serverType: required('type', oneOf(serverTypes)),
  gmStandard: withDefault('is_sm_standard', textFlag, false),
  // Printable ASCII: one byte per character, and no doubt about how a keystore encodes it.
  password: optional('password', text({ max: 32, pattern: /^[\x21-\x7e]+$/ })),
}

/** Reads ExportCertificate. */
export function readExportCertificate(certificateId: string, body: Uint8Array): ExportCertificateInput {
  return { certificateId: readPathId(certificateId, 'certificate_id'), ...readFields(exportFields, readJsonBody(body)) }
}

export interface ExportMaterial {
  certificatePem: string
  /** Nearest intermediate first, root last. */
  chainPems: readonly string[]
  /** Present exactly when the service made the key; already encrypted when a password was given. */
  privateKeyPem?: string
}

/** The JSON answer of ExportCertificate, the same for every server type. */
export function exportedCertificate({ certificatePem, chainPems, privateKeyPem }: ExportMaterial) {
  return {
    certificate: wirePem(certificatePem),
    certificate_chain: wirePem(...chainPems),
    ...(privateKeyPem === undefined ? {} : { private_key: wirePem(privateKeyPem) }),
  }
}

/** PKCS#12 or JKS with certificate, chain and key, and the password it was made with if the server chose that. */
export interface Keystore {
  bytes: Uint8Array
  chosenPassword?: string
}

/**
 * The files of the zip answer by name (huawei-ca-lifecycle.md §7).
 * @param keystore for IIS and TOMCAT when the service made the key
 */
export function exportFiles(
  serverType: ServerType,
  material: ExportMaterial,
  keystore?: Keystore,
): Record<string, string | Uint8Array> {
  const { privateKeyPem: key } = material
  const certificate = wirePem(material.certificatePem)
  const chain = wirePem(...material.chainPems)
  const keyFile: Record<string, string> = key === undefined ? {} : { 'server.key': wirePem(key) }
  switch (serverType) {
    case 'nginx':
      return { ...keyFile, 'server.crt': key === undefined ? certificate : certificate + chain }
    case 'other':
      return key === undefined
        ? { 'chain.pem': chain, 'cert.pem': certificate }
        : { ...keyFile, 'chain.pem': chain, 'server.pem': certificate }
    case 'apache':
      return { ...keyFile, 'chain.crt': chain, 'server.crt': certificate }
    case 'iis':
    case 'tomcat':
      return keystore ? keystoreFiles(serverType, keystore) : { 'chain.crt': chain, 'server.crt': certificate }
  }
}

function keystoreFiles(serverType: 'iis' | 'tomcat', { bytes, chosenPassword }: Keystore) {
  return {
    [serverType === 'iis' ? 'server.pfx' : 'server.jks']: bytes,
    ...(chosenPassword === undefined ? {} : { 'keystorePass.txt': chosenPassword }),
  }
}

/**
 * Headers of the zip answer. The file is named `<common name>_<type>.zip`; a name with other characters is carried in the form of
 * RFC 8187 beside a plain one, so that no common name can end the header or leave the folder.
 */
export function zipHeaders(commonName: string, serverType: ServerType): Record<string, string> {
  const plain = `${commonName.replace(/[^A-Za-z0-9._-]/g, '_')}_${serverType}.zip`
  const full = encodeURIComponent(`${commonName.toWellFormed()}_${serverType}.zip`).replace(/['()*]/g, percentForm)
  return {
    'Content-Type': 'application/zip',
    'Content-Disposition': `attachment; filename="${plain}"; filename*=UTF-8''${full}`,
  }
}

function percentForm(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}
