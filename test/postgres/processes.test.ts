import { expect, test } from 'vitest'
import { rootCa, leaf } from '../support/life.ts'
import { own } from '../support/client.ts'
import { twoProcesses } from './two-processes.ts'

test('what one process made, the other goes on with', async () => {
  await using both = await twoProcesses()
  const { a, b } = both
  const caId = await rootCa(a)
  expect(await leaf(b, caId)).toMatch(/^[0-9a-f-]{36}$/)
  await own(b.url, b.credentials, 'DisableCa', { caId })
  await expect(leaf(a, caId)).rejects.toThrow('IssuerUnusable')
})
