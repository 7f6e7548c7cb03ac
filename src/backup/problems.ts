import { problemsOf } from '../kernel/index.ts'

export const backupProblems = {
  KeyringCopyNotFound: ({ number }: { number: number }) => `there is no copy ${number} of the keyring`,
  KeyringCopyAttested: ({ number }: { number: number }) =>
    `copy ${number} of the keyring was attested destroyed already`,
  QuarantineChanged: () =>
    'the instance is not in quarantine, or knows more or less by now than was confirmed: look again before you release it',
}

export const problem = problemsOf(backupProblems)
