import { baseUrl, send } from './client.ts'
import { ServiceError } from './errors.ts'

export interface EmulatorClock {
  /** ISO 8601, and ms since 1970, of the domain clock. */
  now: string
  now_ms: number
  frozen: boolean
}

export interface EmulatorClockChange {
  advance_seconds?: number
  set?: string
  frozen?: boolean
}

/**
 * Reads the emulator's clock, or changes it; resolves when what fell due has been done. It asks for no credentials:
 * an emulator listens on loopback only. @throws ServiceError, NotReachable, AddressError
 */
export async function emulatorClock(service: string, change?: EmulatorClockChange): Promise<EmulatorClock> {
  const { status, text } = await send(
    new URL('/emulator/clock', baseUrl(service)),
    change === undefined ? {} : { method: 'POST', body: JSON.stringify(change) },
  )
  if (status === 404)
    throw new ServiceError(400, 'NotEmulated', 'the service there is no emulator (serve --emulate)', undefined)
  let answer: Partial<EmulatorClock> & { error?: unknown }
  try {
    answer = JSON.parse(text) as typeof answer
  } catch {
    answer = {}
  }
  if (status === 200 && typeof answer.now_ms === 'number') return answer as EmulatorClock
  const reason = typeof answer.error === 'string' ? answer.error : `HTTP ${status}`
  throw new ServiceError(status, 'ClockNotMoved', `the clock was not moved: ${reason}`, undefined)
}
