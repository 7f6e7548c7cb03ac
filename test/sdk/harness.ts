import { describe, expect, test } from 'vitest'

/**
 * Tests that need a vendor's client beside the checkout. Where it is not installed they are skipped by name, and in CI
 * one more fails with the command that installs it.
 */
export function withClient(name: string, client: { installed: boolean; command: string }, tests: () => void): void {
  if (!client.installed && process.env['CI'] === 'true')
    test(`${name}: the client is installed`, () => {
      expect(client.installed, `in CI these tests are not skipped; run: ${client.command}`).toBe(true)
    })
  describe.skipIf(!client.installed)(name, () => {
    tests()
  })
}
