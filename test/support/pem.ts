const armoured = (label: string, base64: string): string =>
  `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, '$&\n').trim()}\n-----END ${label}-----\n`

/** PEM of a certificate as the own door gives it. */
export const certificatePem = (base64: string): string => armoured('CERTIFICATE', base64)
