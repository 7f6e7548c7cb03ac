/** First identifier octet (X.690 §8.1.2) of the universal types, with the constructed bit where DER demands it. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  relativeOid: 0x0d,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/**
 * First identifier octet of a context-specific tag. `constructed` for every EXPLICIT tag and for IMPLICIT of SEQUENCE
 * or SET.
 */
export function contextTagOctet(number: number, constructed: boolean): number {
  return 0x80 | (constructed ? 0x20 : 0) | number
}
