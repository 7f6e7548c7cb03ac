import { createServer, type RequestListener, type Server } from 'node:http'
import { networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import { addressBar } from './addresses.ts'
import { Outbound, OutboundError } from './outbound.ts'

interface Receiver extends AsyncDisposable {
  port: number
  server: Server
}

async function aReceiver(listener: RequestListener): Promise<Receiver> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    port: (server.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const ok: RequestListener = (_request, response) => void response.end('ok')

async function refusal(outbound: Outbound, url: string, more: object = {}): Promise<OutboundError> {
  const error = await outbound.send({ method: 'GET', url, ...more }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(OutboundError)
  return error as OutboundError
}

const loopbackAllowed = ['127.0.0.1']

describe('addresses that are not reached unless the operator allows them', () => {
  test.each([
    '127.0.0.1',
    '127.8.9.10',
    '::1',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::a00:1',
    '2002:7f00:1::',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
    'no address',
  ])('%s', (address) => {
    expect(addressBar(address, [])).toBeDefined()
  })

  test('those of this machine', () => {
    for (const { address } of Object.values(networkInterfaces()).flatMap((found) => found ?? []))
      expect(addressBar(address, [])).toBeDefined()
  })

  test.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111'])('%s is the public internet', (address) => {
    expect(addressBar(address, [])).toBeUndefined()
  })
})

describe('Outbound', () => {
  test('reaches what the operator allows', async () => {
    await using receiver = await aReceiver((request, response) => {
      response.setHeader('content-type', 'text/plain')
      request.on('data', (chunk: Buffer) => response.write(chunk)).on('end', () => response.end())
    })
    const outbound = new Outbound({ allow: loopbackAllowed })
    const url = `http://127.0.0.1:${receiver.port}/hook`
    expect(await outbound.send({ method: 'POST', url, body: Buffer.from('hello') })).toEqual({
      status: 200,
      contentType: 'text/plain',
      body: Buffer.from('hello'),
    })
  })

  test('refuses loopback however it is written, and nothing is connected', async () => {
    let calls = 0
    await using receiver = await aReceiver((_request, response) => {
      calls++
      response.end()
    })
    const outbound = new Outbound({ allow: [] })
    for (const host of [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '017700000001',
      'localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
    ])
      expect((await refusal(outbound, `http://${host}:${receiver.port}/`)).code).toBe('AddressRefused')
    expect(calls).toBe(0)
  })

  test('looks a name up once and connects to what was checked: a second answer of the DNS changes nothing', async () => {
    await using receiver = await aReceiver(ok)
    const answers = [[{ address: '127.0.0.1' }], [{ address: '127.0.0.66' }]]
    let asked = 0
    const outbound = new Outbound({
      allow: loopbackAllowed,
      resolve: () => Promise.resolve(answers[Math.min(asked++, 1)]!),
    })
    expect((await outbound.send({ method: 'GET', url: `http://rebind.test:${receiver.port}/` })).status).toBe(200)
    expect(asked).toBe(1)
  })

  test('of several addresses only an allowed one is taken', async () => {
    await using receiver = await aReceiver(ok)
    const resolve = () => Promise.resolve([{ address: '10.0.0.1' }, { address: '127.0.0.1' }])
    const url = `http://both.test:${receiver.port}/`
    expect((await new Outbound({ allow: loopbackAllowed, resolve }).send({ method: 'GET', url })).status).toBe(200)
    expect((await refusal(new Outbound({ allow: [], resolve }), url)).code).toBe('AddressRefused')
  })

  test('a redirect is an answer and is not followed', async () => {
    let calls = 0
    await using receiver = await aReceiver((_request, response) => {
      calls++
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    const outbound = new Outbound({ allow: loopbackAllowed })
    expect((await outbound.send({ method: 'GET', url: `http://127.0.0.1:${receiver.port}/` })).status).toBe(302)
    expect(calls).toBe(1)
  })

  test('an answer that is too long ends, and its words are in no error', async () => {
    await using receiver = await aReceiver((_request, response) => void response.end('secret words '.repeat(1_000)))
    const outbound = new Outbound({ allow: loopbackAllowed })
    const error = await refusal(outbound, `http://127.0.0.1:${receiver.port}/`, { maxBytes: 100 })
    expect(error.code).toBe('TooLarge')
    expect(error.message).not.toContain('secret')
  })

  test('an answer that never comes, or never ends, ends', async () => {
    await using silent = await aReceiver(() => undefined)
    await using endless = await aReceiver((_request, response) => void response.write('…'))
    const outbound = new Outbound({ allow: loopbackAllowed })
    for (const { port } of [silent, endless])
      expect((await refusal(outbound, `http://127.0.0.1:${port}/`, { timeoutMs: 200 })).code).toBe('TimedOut')
    const unresolved = new Outbound({ allow: [], resolve: () => new Promise(() => undefined) })
    expect((await refusal(unresolved, 'http://never.test/', { timeoutMs: 200 })).code).toBe('TimedOut')
  })

  test.each(['ftp://example.com/', 'file:///etc/passwd', 'http://user:secret@example.com/', 'nonsense'])(
    '%s is no URL to ask, and is not repeated',
    async (url) => {
      const error = await refusal(new Outbound({ allow: [] }), url)
      expect(error.code).toBe('UrlRefused')
      expect(error.message).not.toContain('secret')
    },
  )

  test('nobody there is told as such', async () => {
    const receiver = await aReceiver(ok)
    const { port } = receiver
    await receiver[Symbol.asyncDispose]()
    expect((await refusal(new Outbound({ allow: loopbackAllowed }), `http://127.0.0.1:${port}/`)).code).toBe(
      'NotReached',
    )
  })
})
