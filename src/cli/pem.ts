/** RFC 7468: base64 in lines of 64 characters between the label's lines. */
export const pemOf = (label: string, base64: string): string =>
  `-----BEGIN ${label}-----\n${base64.replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`

export const certificatePem = (base64: string): string => pemOf('CERTIFICATE', base64)
