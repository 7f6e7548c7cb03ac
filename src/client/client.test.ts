import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Client } from './client.ts'
import { emulatorClock } from './emulator.ts'
import { AddressError, NotReachable, ServiceError } from './errors.ts'

const accessKey = { accessKeyId: 'AK', accessKeySecret: 'secret-of-ak' }
const clock = { now: () => 0 }
const open: Server[] = []
afterEach(() => open.splice(0).forEach((server) => server.close()))

async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  open.push(server)
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const call = (url: string, options = {}) => new Client({ url, accessKey, clock }).call('ShowCa', { caId: '1' }, options)

describe('the client of our API', () => {
  test('posts the input as JSON, signed, and gives the answer', async () => {
    const url = await answering((request, response) => {
      const { method, url: target, headers } = request
      response.setHeader('x-request-id', 'r1')
      void request.toArray().then((chunks) => {
        const body = Buffer.concat(chunks as Buffer[]).toString()
        response.end(JSON.stringify({ method, target, body, signed: headers.authorization?.slice(0, 25) }))
      })
    })
    expect(await call(url)).toEqual({
      method: 'POST',
      target: '/api/ShowCa',
      body: '{"caId":"1"}',
      signed: 'SDK-HMAC-SHA256 Access=AK',
    })
  })

  test('a refusal has code, message, status and request id', async () => {
    const url = await answering((_request, response) => {
      response.writeHead(404, { 'x-request-id': 'r2' })
      response.end('{"error":{"code":"CaNotFound","message":"CA 1 does not exist"},"requestId":"r2"}')
    })
    const expected = { status: 404, code: 'CaNotFound', message: 'CA 1 does not exist', requestId: 'r2' }
    const error: unknown = await call(url).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ServiceError)
    expect(error).toMatchObject(expected)
  })

  test.each([
    ['a page', 200, '<html>', {}],
    ['JSON of somebody else', 200, '{}', {}],
    ['a redirect, which would lead a signed body elsewhere', 307, '', { location: 'http://127.0.0.1:1/' }],
    ['an error that is not ours', 502, '{"error":"bad gateway"}', {}],
  ])('%s is no answer of Certkeep', async (_what, status, body, headers) => {
    const url = await answering((_request, response) => void response.writeHead(status, headers).end(body))
    await expect(call(url)).rejects.toMatchObject({ name: 'ServiceError', code: 'UnexpectedAnswer' })
  })

  test('nobody listening, and a connection that breaks, are not reachable', async () => {
    const gone = await answering((request) => request.destroy())
    await expect(call(gone)).rejects.toThrow(NotReachable)
    open.splice(0).forEach((server) => server.close())
    await expect(call('http://127.0.0.1:1')).rejects.toThrow(/nobody listens there|cannot be reached/)
  })

  test.each(['', '127.0.0.1:8440', 'ftp://a', 'http://a/base', 'http://user:pass@a', 'http://a/?q=1'])(
    '%j is no address',
    (url) => {
      expect(() => new Client({ url, accessKey, clock })).toThrow(AddressError)
    },
  )

  test('an address with a password in it is refused without repeating it', () => {
    expect(() => new Client({ url: 'http://user:hunter2@a', accessKey, clock })).toThrow(/^(?!.*hunter2)/)
  })

  test('a confidential input leaves over TLS or to this machine alone', async () => {
    await expect(call('http://certkeep.example', { confidential: true })).rejects.toThrow(AddressError)
    const url = await answering((_request, response) => void response.setHeader('x-request-id', 'r').end('{}'))
    expect(await call(url, { confidential: true })).toEqual({})
  })
})

describe('the emulator’s clock', () => {
  test('a service that is no emulator is told as such', async () => {
    const url = await answering((_request, response) => void response.writeHead(404).end('There is nothing here.\n'))
    await expect(emulatorClock(url)).rejects.toMatchObject({ code: 'NotEmulated' })
  })

  test('a change that is refused', async () => {
    const url = await answering((_request, response) => void response.writeHead(400).end('{"error":"that is too far"}'))
    await expect(emulatorClock(url, { advance_seconds: 1 })).rejects.toThrow('that is too far')
  })
})
