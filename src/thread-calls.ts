import type { MessagePort } from 'node:worker_threads'

/** Calls between the main thread and a worker: each side serves some and makes some. Values must be cloneable. */
type Handlers = Readonly<Record<string, (argument: never) => unknown>>

interface Message {
  id: number
  call?: string
  argument?: unknown
  value?: unknown
  error?: string
}

interface Port {
  on(event: 'message', listener: (message: Message) => void): unknown
  postMessage(message: Message): void
}

/** Serves `handlers` on a port and gives a function that calls the other side's. An error comes back as its message. */
export function threadCalls(
  port: MessagePort | Port,
  handlers: Handlers,
): (call: string, argument?: unknown) => Promise<unknown> {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let nextId = 1
  const send = (message: Message) => port.postMessage(message)
  const serve = async ({ id, call, argument }: Message) => {
    try {
      const handler = handlers[call!]
      if (!handler) throw new Error(`nobody serves ${call}`)
      send({ id, value: await (handler as (argument: unknown) => unknown)(argument) })
    } catch (error) {
      send({ id, error: error instanceof Error ? error.message : String(error) })
    }
  }
  port.on('message', (message: Message) => {
    if (message.call !== undefined) return void serve(message)
    const waiter = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.error === undefined) waiter?.resolve(message.value)
    else waiter?.reject(new Error(message.error))
  })
  return (call, argument) =>
    new Promise((resolve, reject) => {
      const id = nextId++
      waiting.set(id, { resolve, reject })
      send({ id, call, argument })
    })
}
