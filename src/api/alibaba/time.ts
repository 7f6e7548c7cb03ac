/** Time of a request: `YYYY-MM-DDThh:mm:ssZ`, UTC, at most 15 minutes off (contract alibaba-wire §4). */
import { commonError } from './errors.ts'

export const allowedSkewMs = 15 * 60 * 1000

/**
 * @param text value of `Timestamp` or `x-acs-date`
 * @param now wall clock, milliseconds since 1970
 * @returns milliseconds since 1970
 * @throws AlibabaWireError InvalidTimeStamp.Format, InvalidTimeStamp.Expired (too early or too late alike)
 */
export function checkRequestTime(text: string, now: number): number {
  const time = parseRequestTime(text)
  if (time === undefined) throw commonError('InvalidTimeStamp.Format')
  if (Math.abs(now - time) > allowedSkewMs) throw commonError('InvalidTimeStamp.Expired')
  return time
}

/** Milliseconds since 1970, or undefined for any other spelling and for days and hours that do not exist. */
export function parseRequestTime(text: string): number | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined
  const time = Date.parse(text)
  if (Number.isNaN(time)) return undefined
  // Engines differ about 31 February and 24:00:00; only a time that is written back unchanged exists.
  return new Date(time).toISOString() === text.replace('Z', '.000Z') ? time : undefined
}
