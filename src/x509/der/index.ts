export { isUnderArc } from './oid.ts'
export { checkDer, defaultDerLimits, DerReader } from './reader.ts'
export type { DerLimits } from './reader.ts'
export { contextTagOctet, tags } from './tags.ts'
export {
  bitString,
  boolean,
  constructed,
  enumerated,
  explicitTag,
  ia5String,
  implicitTag,
  inSetOrder,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  primitive,
  printableString,
  sequence,
  set,
  setOf,
  time,
  utf8String,
} from './writer.ts'
export type { Part } from './writer.ts'
