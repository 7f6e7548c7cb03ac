import { integer } from './der/writer.ts'
import { fail } from './errors.ts'

/** Longest serial that is read: three times what RFC 5280 §4.1.2.2 allows, since old certificates exceed it. */
const maxOctets = 64

/**
 * A serial number in text: lowercase hexadecimal of its magnitude in whole octets, without leading zero octets (so
 * without the sign octet of the INTEGER): `02 02 00 ff` is "ff", `02 01 00` is "00". A negative one, which only others
 * write, has "-" before.
 */
export function serialFromContents(contents: Uint8Array): string {
  if (contents.length > maxOctets) throw fail('BadSerial', `a serial number of more than ${maxOctets} octets`)
  if (contents[0]! >= 0x80) {
    const magnitude = (1n << BigInt(contents.length * 8)) - BigInt(`0x${contents.toHex()}`)
    const hex = magnitude.toString(16)
    return `-${hex.padStart(hex.length + (hex.length % 2), '0')}`
  }
  return contents.length > 1 && contents[0] === 0 ? contents.subarray(1).toHex() : contents.toHex()
}

/** Octets of a positive serial in the text form of `serialFromContents`. Throws X509Error BadSerial. */
export function serialOctets(serial: string): Uint8Array {
  if (serial.length === 0 || serial.length > maxOctets * 2 || !/^([0-9a-f]{2})+$/.test(serial)) {
    throw fail('BadSerial', 'a serial number must be whole octets in lowercase hexadecimal')
  }
  return Buffer.from(serial, 'hex')
}

/** INTEGER of a serial given as text or as big-endian octets. */
export function serialInteger(serial: string | Uint8Array): Uint8Array {
  return integer(typeof serial === 'string' ? serialOctets(serial) : serial)
}
