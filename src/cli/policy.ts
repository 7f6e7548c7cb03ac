import type { Command } from 'commander'
import { commandsOf } from './commands.ts'
import { readText } from './files.ts'
import type { Terminal } from './terminal.ts'
import { dateCell } from './times.ts'

/** `certkeep policy …` */
export function addPolicyCommands(program: Command, terminal: Terminal): void {
  const { add } = commandsOf(program.command('policy').description('Policies, and whom they are attached to'), terminal)

  add('list', 'List the policies of the account and the built-in ones').does(async ({ call, output, now }) => {
    const answer = await call('ListPolicies', {})
    output.result(answer, (show) =>
      show.table(
        ['NAME', 'GRAMMAR', 'CREATED'],
        [
          ...answer.policies.map(({ policyName, grammar, createdAt }) => [
            policyName,
            grammar,
            dateCell(createdAt, now),
          ]),
          ...answer.builtin.map(({ id, grammar }) => [id, grammar, 'built in']),
        ],
      ),
    )
  })

  add('create <policy-name>', 'Create a policy from a document of any of the three grammars')
    .requiredOption('--document <file>', 'JSON; - for standard input')
    .does<[string], { document: string }>(async ({ call, output, terminal: world }, { document }, policyName) => {
      const answer = await call('CreatePolicy', { policyName, document: await readText(document, world) })
      output.result(answer, () => `Policy ${policyName} is created (grammar ${answer.grammar}).\n`)
    })

  add('attach <policy-name>', 'Attach a policy of the account, or a built-in one, to a user')
    .requiredOption('--user <user-name>', 'the user')
    .does<[string], { user: string }>(async ({ call, output }, { user }, policyName) =>
      output.result(
        await call('AttachPolicy', { userName: user, policyName }),
        () => `Policy ${policyName} is attached to ${user}.\n`,
      ),
    )

  add('detach <policy-name>', 'Take a policy from a user')
    .requiredOption('--user <user-name>', 'the user')
    .does<[string], { user: string }>(async ({ call, output }, { user }, policyName) =>
      output.result(
        await call('DetachPolicy', { userName: user, policyName }),
        () => `Policy ${policyName} is detached from ${user}.\n`,
      ),
    )
}
