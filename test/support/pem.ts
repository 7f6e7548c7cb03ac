const armoured = (label: string, base64: string): string =>
  `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, '$&\n').trim()}\n-----END ${label}-----\n`

/** PEM of a certificate as the own door gives it. */
export const certificatePem = (base64: string): string => armoured('CERTIFICATE', base64)

/** PEM of a PKCS #8 key as the own door gives it. */
export const privateKeyPem = (base64: string): string => armoured('PRIVATE KEY', base64)

/** The PEM blocks of a text, in order. */
export const pemBlocks = (text: string): string[] =>
  text.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/g) ?? []
