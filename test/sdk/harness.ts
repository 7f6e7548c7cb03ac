import { describe, test } from 'vitest'

/**
 * Tests that need a vendor's client beside the checkout. Where it is not installed they are skipped by name, and in CI
 * they fail with the command that installs it.
 */
export function withClient(name: string, client: { installed: boolean; command: string }, tests: () => void): void {
  if (client.installed) describe(name, tests)
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error(`the vendor’s client is not installed, and in CI it is not skipped; run: ${client.command}`)
    })
  else describe.skip(`${name} (not installed; run: ${client.command})`, tests)
}
