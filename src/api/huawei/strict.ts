import { HuaweiWireError, type WireCode } from './errors.ts'
import { readJsonBody, readQuery } from './read-body.ts'
import { Reading, whileReading } from './reading.ts'
import type { HuaweiRequest } from './request.ts'

/** How strictly a call is read. */
export interface Strictness {
  /** Runs the whole call. */
  watch<T>(call: () => Promise<T>): Promise<T>
  /** The reading of an operation's input, after which the operation runs. */
  reader<Input>(read: () => Input): () => Input
}

/** As the cloud does it: what nobody knows is ignored. */
export const lenient: Strictness = { watch: (call) => call(), reader: (read) => read }

/**
 * The emulator's strict mode: what a request says and nobody reads is refused, before anything is done; a call without an
 * operation, which only shows something, before it is answered. So a parameter that the cloud would silently ignore is found.
 * @param refusal status and code of the refusal, a HuaweiWireError
 */
export function strictly(request: HuaweiRequest, refusal: WireCode): Strictness {
  const reading = new Reading()
  const check = () => whileReading(reading, () => refuseUnread(reading, request, refusal))
  return {
    async watch(call) {
      const answer = await whileReading(reading, call)
      check()
      return answer
    },
    reader: (read) => () => {
      const input = read()
      check()
      return input
    },
  }
}

function refuseUnread(reading: Reading, { target, body }: HuaweiRequest, refusal: WireCode): void {
  // What the call did not even look at is taken apart here, and so noted without any known name.
  if (!reading.has('query')) readQuery(target, refusal)
  if (!reading.has('body') && body.length > 0) readJsonBody(body, { absent: 'empty', malformed: refusal })
  for (const [source, { place, prefix, names }] of reading.objects) {
    const unread = Object.keys(source).find((name) => !names.has(name))
    if (unread === undefined) continue
    const elsewhere = place === 'body' ? 'query' : 'body'
    const misplaced = reading.objects.values().some((other) => other.place === elsewhere && other.names.has(unread))
    throw new HuaweiWireError(
      refusal,
      `${shown(prefix + unread)} is not a parameter in the ${place} of this call` +
        (misplaced ? `; it belongs in the ${elsewhere}` : ''),
    )
  }
}

/** Names come from the caller: only what looks like one is repeated. */
const shown = (name: string): string => (/^[A-Za-z_][\w.[\]-]{0,127}$/.test(name) ? name : 'something')
