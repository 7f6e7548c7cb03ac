import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Latencies of calls that come at a steady pace, whether the ones before have been answered or not. */
export interface Paced {
  p50Ms: number
  p99Ms: number
  calls: number
}

/**
 * Sends one request again and again, so many a second, on connections of its own. A call is measured from when it was
 * due: one that could not be sent in time waited, and that counts. @throws when a call fails
 */
export async function paced(
  address: string,
  request: string,
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<Paced> {
  const [host, port] = address.split(':') as [string, string]
  const free: (() => Promise<void>)[] = []
  const latencies: number[] = []
  const under: Promise<void>[] = []
  const began = performance.now()
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = began + (index * 1_000) / perSecond
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    const call = free.pop() ?? (await connection(host, Number(port), request))
    under.push(
      call().then(() => {
        latencies.push(performance.now() - due)
        free.push(call)
      }),
    )
  }
  await Promise.all(under)
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!
  return { p50Ms: at(0.5), p99Ms: at(0.99), calls: sorted.length }
}

/** A connection on which one call is made after the other. */
async function connection(host: string, port: number, request: string): Promise<() => Promise<void>> {
  const socket = connect(port, host).setNoDelay(true)
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.unref()
  return () =>
    new Promise((resolve, reject) => {
      let answer = ''
      const take = (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        const head = answer.indexOf('\r\n\r\n')
        if (head < 0) return
        const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0)
        if (answer.length < head + 4 + length) return
        socket.off('data', take)
        if (answer.startsWith('HTTP/1.1 2')) resolve()
        else reject(new Error(answer.slice(0, 500)))
      }
      socket.on('data', take)
      socket.write(request)
    })
}
