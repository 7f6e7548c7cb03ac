import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { problemsOf } from '../../kernel/index.ts'
import type { OcspAnswer } from '../../revocation/index.ts'
import { decodePath, ocspHandler, type OcspParts } from './ocsp.ts'

const caId = '4c0e772e-a30c-4029-b929-b7acb04143f7'
const unavailable = problemsOf({ Unavailable: () => 'not now' })('Unavailable')
const shared = { etag: 'e', thisUpdate: 0, nextUpdate: 4_000, freshUntil: 2_000 }
const good: OcspAnswer = { error: undefined, body: Buffer.from('good'), serials: ['0a', '0b'], shared }

const servers: { close: () => void }[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))

async function serve(answer: OcspParts['responder']['answer']) {
  const [used, failures, observed]: unknown[][] = [[], [], []]
  const handler = ocspHandler({
    responder: { answer },
    domainClock: { now: () => 0 },
    monotonicClock: { now: () => 0 },
    useMarks: { used: (...mark) => void used!.push(mark) },
    quarantine: { holds: () => false },
    report: (failure) => void failures!.push(failure),
  })
  const server = createServer((request: IncomingMessage, response: ServerResponse) =>
    handler(request, response, ({ path, status, about }) => void observed!.push([path, status, about.refusal])),
  ).listen(0, '127.0.0.1')
  servers.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ocsp/${caId}`
  return { url, used: used!, failures: failures!, observed: observed! }
}

const hexOf = async (response: Response) => Buffer.from(await response.arrayBuffer()).toString('hex')

describe('/ocsp/{ca-id}', () => {
  test('each certificate that something was said of is a mark of use, whoever asked and however', async () => {
    const { url, used, observed } = await serve(() => good)
    await fetch(url, { method: 'POST', body: 'any' })
    await fetch(`${url}/AAAA`)
    await fetch(`${url}/AAAA`, { headers: { 'if-none-match': '"e"' } })
    const marks = ['0a', '0b'].map((serial) => ['ocsp', caId, serial])
    expect(used).toEqual([...marks, ...marks, ...marks])
    // Neither log nor metrics get to see what was asked.
    expect(observed).toEqual([200, 200, 304].map((status) => [`/ocsp/${caId}`, status, undefined]))
  })

  test('while the data is away it says tryLater, on a failure of ours internalError, and no mark is made', async () => {
    const away = await serve(() => Promise.reject(unavailable))
    expect(await hexOf(await fetch(`${away.url}/AAAA`))).toBe('30030a0103')
    expect(away.failures).toEqual([unavailable])
    const bug = await serve(() => {
      throw new Error('a bug')
    })
    expect(await hexOf(await fetch(`${bug.url}/AAAA`))).toBe('30030a0102')
    expect([away.used, bug.used]).toEqual([[], []])
    expect(bug.observed).toEqual([[`/ocsp/${caId}`, 200, 'internalError']])
  })

  test('a body that grows too large on the way is refused, without a word to the responder', async () => {
    const asked: Uint8Array[] = []
    const { url } = await serve((_, request) => {
      asked.push(request)
      return good
    })
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 4; i++) controller.enqueue(new Uint8Array(8_192))
        controller.close()
      },
    })
    const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(response.status).toBe(413)
    expect(asked).toEqual([])
  })
})

test('10^4 paths: each is decoded or empty, and none throws', () => {
  const pieces = fc.constantFrom('%', '%2', '%2F', '%ff', '/', '+', '=', 'MEUw', '?', ' ', 'é', '-', '_', 'A')
  const paths = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(pieces, { maxLength: 20 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(paths, (path) => decodePath(`/${path}`) instanceof Uint8Array),
    { numRuns: 10_000, seed: 9_919 },
  )
})
