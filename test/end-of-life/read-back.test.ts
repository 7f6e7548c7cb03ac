import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { advance, leaf, rootCa, until } from '../support/life.ts'
import { startService, type Service } from '../support/service.ts'

async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function aScheduledCa(service: Service): Promise<string> {
  const caId = await rootCa(service)
  await leaf(service, caId)
  await own(service.url, service.credentials, 'DisableCa', { caId })
  await own(service.url, service.credentials, 'DeleteCa', { caId, keepDays: 7 })
  return caId
}

test('on the day the service reads the final CRL from the URL that its certificates name', async () => {
  const port = await aFreePort()
  const publicUrl = `http://127.0.0.1:${port}`
  await using service = await startService({ port, environment: { CERTKEEP_PUBLIC_URL: publicUrl } })
  const caId = await aScheduledCa(service)
  await advance(service, 8)
  const facts = await until('the receipt', async () => {
    const { rows } = await own(service.url, service.credentials, 'ListAuditEntries', { objectId: caId, limit: 100 })
    return rows.find(({ operation }: { operation: string }) => operation === 'DestroyCaKey')?.facts
  })
  expect(facts.finalCrl.readBackFrom).toEqual([`${publicUrl}/crl/${caId}.crl`])
})

test('where nobody answers at that URL the CA stays ending, with an alarm that names it', async () => {
  const publicUrl = `http://127.0.0.1:${await aFreePort()}`
  await using service = await startService({ environment: { CERTKEEP_PUBLIC_URL: publicUrl } })
  const caId = await aScheduledCa(service)
  await advance(service, 8)
  const alarm = await until('the alarm', async () => {
    const { rows } = await own(service.url, service.credentials, 'ListAlarms')
    return rows[0]
  })
  expect(alarm).toMatchObject({ kind: 'ca-ending', subject: caId })
  expect(alarm.reason).toContain(`${publicUrl}/crl/${caId}.crl`)
  expect((await own(service.url, service.credentials, 'ShowCa', { caId })).state).toBe('ending')
  expect(await (await fetch(`${service.url}/metrics`)).text()).toContain('certkeep_alarms{kind="ca-ending"} 1')
})
