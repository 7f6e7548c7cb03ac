import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { advance, leaf, rootCa, until } from '../support/life.ts'
import { startService, temporaryFolder } from '../support/service.ts'

const secret = 'the secret of the webhook'

interface Document {
  type: string
  notices: { id: string; kind: string; objectId: string; commonName: string; withinDays: number }[]
}

/** A webhook that refuses the first call. */
async function aWebhook() {
  const documents: Document[] = []
  let calls = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const [, at, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request.headers['x-certkeep-signature'])) ?? []
      const right = createHmac('sha256', secret).update(`${at}.${body.toString()}`).digest('hex')
      calls++
      response.statusCode = mac !== right ? 401 : calls === 1 ? 503 : 204
      if (response.statusCode === 204) documents.push(JSON.parse(body.toString()) as Document)
      response.end('words of the webhook')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/hook`,
    documents,
    calls: () => calls,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function settings(url: string, allow: string) {
  const secretFile = join(temporaryFolder(), 'secret')
  writeFileSync(secretFile, `${secret}\n`)
  return { CERTKEEP_WEBHOOK_URL: url, CERTKEEP_WEBHOOK_SECRET_FILE: secretFile, CERTKEEP_OUTBOUND_ALLOW: allow }
}

describe('expiry notices', () => {
  test('arrive signed, once for each nearness, also after a refusal', async () => {
    await using webhook = await aWebhook()
    await using service = await startService({ environment: settings(webhook.url, '127.0.0.1') })
    const certificateId = await leaf(service, await rootCa(service))
    await advance(service, 61) // 29 of its 90 days are left
    await until('the webhook was called and refused', () => Promise.resolve(webhook.calls() > 0))
    expect(webhook.documents).toEqual([])
    expect(service.log()).toContain('the webhook answered 503')
    expect(service.log()).not.toContain('words of the webhook')
    await advance(service, 0.1)
    const notices = () => webhook.documents.flatMap((document) => document.notices)
    await until('the first notice', () => Promise.resolve(notices().length === 1))
    expect(notices()[0]).toMatchObject({ kind: 'certificate', objectId: certificateId, withinDays: 30 })
    for (const days of [1, 22, 1, 4.4]) await advance(service, days)
    await until('one for each nearness', () => Promise.resolve(notices().length === 3))
    expect(notices().map(({ withinDays }) => withinDays)).toEqual([30, 7, 1])
    expect(new Set(notices().map(({ id }) => id)).size).toBe(3)
  })

  test('go nowhere on this machine unless the operator allows it', async () => {
    await using webhook = await aWebhook()
    await using service = await startService({ environment: settings(webhook.url, '') })
    await leaf(service, await rootCa(service))
    await advance(service, 61)
    await until('it is told', () => Promise.resolve(service.log().includes('is not an address of the public internet')))
    expect(webhook.calls()).toBe(0)
    expect(service.log()).not.toContain(secret)
  })
})
