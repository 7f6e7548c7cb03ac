import { DerError } from '../errors.ts'
import { tags } from './tags.ts'

/**
 * Instant of the contents of a UTCTime or GeneralizedTime in `bytes[start, end)`, in milliseconds since 1970. Only the
 * forms of RFC 5280 §4.1.2.5: seconds present, no fraction, `Z`. UTCTime years are 1950 to 2049. Throws DerError
 * BadTime.
 */
export function timeFromContents(tag: number, bytes: Uint8Array, start: number, end: number): number {
  const yearDigits = tag === tags.utcTime ? 2 : 4
  if (end - start !== yearDigits + 11 || bytes[end - 1] !== 0x5a) throw badTime(start)
  let pos = start
  let year = twoDigits(bytes, pos)
  if (yearDigits === 2) year += year < 50 ? 2000 : 1900
  else year = year * 100 + twoDigits(bytes, (pos += 2))
  const month = twoDigits(bytes, pos + 2)
  const day = twoDigits(bytes, pos + 4)
  const hour = twoDigits(bytes, pos + 6)
  const minute = twoDigits(bytes, pos + 8)
  const second = twoDigits(bytes, pos + 10)
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw badTime(start)
  if (hour > 23 || minute > 59 || second > 59) throw badTime(start)
  return daysSince1970(year, month, day) * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000
}

/** GeneralizedTime as X.690 §11.7 wants it in DER (a fraction is allowed there, without trailing zeros). */
export function checkGeneralizedTime(bytes: Uint8Array, start: number, end: number): void {
  if (end - start < 15 || bytes[end - 1] !== 0x5a) throw badTime(start)
  for (let i = start; i < start + 14; i++) if (!isDigit(bytes[i]!)) throw badTime(start)
  if (end - start === 15) return
  if (bytes[start + 14] !== 0x2e || end - start === 16 || bytes[end - 2] === 0x30) throw badTime(start)
  for (let i = start + 15; i < end - 1; i++) if (!isDigit(bytes[i]!)) throw badTime(start)
}

/** UTCTime as X.690 §11.8 wants it in DER: YYMMDDHHMMSSZ. */
export function checkUtcTime(bytes: Uint8Array, start: number, end: number): void {
  if (end - start !== 13 || bytes[end - 1] !== 0x5a) throw badTime(start)
  for (let i = start; i < end - 1; i++) if (!isDigit(bytes[i]!)) throw badTime(start)
}

/** True if RFC 5280 §4.1.2.5 wants UTCTime for this instant: years 1950 to 2049. */
export function isUtcTime(ms: number): boolean {
  return ms >= firstUtcTime && ms < firstGeneralizedTime
}

/** Octets of the whole element that `writeTime` writes. */
export function timeLength(ms: number): number {
  return isUtcTime(ms) ? 15 : 17
}

/**
 * Writes UTCTime or GeneralizedTime, whichever RFC 5280 §4.1.2.5 wants; the fraction of a second is dropped. Returns
 * the position after it.
 */
export function writeTime(ms: number, out: Uint8Array, at: number): number {
  if (!(ms >= firstTime && ms < afterLastTime)) throw new DerError('BadTime', 'time is outside of the years 0 to 9999')
  const seconds = Math.floor(ms / 1000)
  const day = Math.floor(seconds / 86_400)
  if (day !== lastDay) rememberDay(day)
  const utc = isUtcTime(ms)
  let pos = at
  out[pos++] = utc ? tags.utcTime : tags.generalizedTime
  out[pos++] = utc ? 13 : 15
  for (let i = utc ? 2 : 0; i < 8; i++) out[pos++] = lastDayDigits[i]!
  const secondOfDay = seconds - day * 86_400
  const hour = (secondOfDay / 3600) | 0
  const minute = ((secondOfDay - hour * 3600) / 60) | 0
  pos = writeTwo(hour, out, pos)
  pos = writeTwo(minute, out, pos)
  pos = writeTwo(secondOfDay - hour * 3600 - minute * 60, out, pos)
  out[pos++] = 0x5a
  return pos
}

/** YYYYMMDD of the day written last: the entries of a CRL and both ends of a validity mostly repeat it. */
const lastDayDigits = new Uint8Array(8)
let lastDay = NaN

function rememberDay(day: number): void {
  const date = new Date(day * 86_400_000)
  const year = date.getUTCFullYear()
  writeTwo((year / 100) | 0, lastDayDigits, 0)
  writeTwo(year % 100, lastDayDigits, 2)
  writeTwo(date.getUTCMonth() + 1, lastDayDigits, 4)
  writeTwo(date.getUTCDate(), lastDayDigits, 6)
  lastDay = day
}

const firstTime = Date.UTC(2000, 0, 1) - 730_485 * 86_400_000
const afterLastTime = Date.UTC(10_000, 0, 1)
const firstUtcTime = Date.UTC(1950, 0, 1)
const firstGeneralizedTime = Date.UTC(2050, 0, 1)

function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function twoDigits(bytes: Uint8Array, pos: number): number {
  const high = bytes[pos]!
  const low = bytes[pos + 1]!
  if (!isDigit(high) || !isDigit(low)) throw badTime(pos)
  return (high - 0x30) * 10 + low - 0x30
}

function writeTwo(value: number, out: Uint8Array, pos: number): number {
  const tens = (value / 10) | 0
  out[pos] = 0x30 + tens
  out[pos + 1] = 0x30 + value - tens * 10
  return pos + 2
}

function isDigit(octet: number): boolean {
  return octet >= 0x30 && octet <= 0x39
}

function badTime(start: number): DerError {
  return new DerError('BadTime', `time at ${start} is not in the form of RFC 5280 §4.1.2.5`)
}
