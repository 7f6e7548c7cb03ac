import Type from 'typebox'
import { operation, type Clock } from '../kernel/index.ts'
import type { IamStore } from '../iam/index.ts'
import type { KeyringCopyStore } from '../keys/index.ts'
import { operatorOnly } from './operator-only.ts'
import { problem } from './problems.ts'

interface Needs {
  keyringCopies: KeyringCopyStore
  iam: IamStore
  domainClock: Clock
}

/** The numbered copies of the keyring, newest first. Made by `certkeep keyring backup`, on the machine with the keys. */
export const listKeyringCopies = operation<Needs>()({
  name: 'ListKeyringCopies',
  summary: 'List the numbered copies of the keyring',
  access: 'list',
  actions: ['certkeep:keyring:list'],
  input: Type.Object({}, { additionalProperties: false }),
  problems: [],
  async run(_input, _resource, { keyringCopies, iam }, caller) {
    await operatorOnly(iam, caller, 'certkeep:keyring:list')
    return { answer: { rows: await keyringCopies.list() } }
  },
})

/**
 * A person says that a numbered copy of the keyring is destroyed. Receipts of keys that it held rely on it: a key counts as
 * gone everywhere when no copy that held it is left.
 */
export const attestKeyringCopyDestroyed = operation<Needs>()({
  name: 'AttestKeyringCopyDestroyed',
  summary: 'Attest that a numbered copy of the keyring is destroyed',
  access: 'write',
  actions: ['certkeep:keyring:attest'],
  input: Type.Object({ number: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
  problems: ['KeyringCopyNotFound', 'KeyringCopyAttested'],
  async run({ number }, _resource, { keyringCopies, iam, domainClock }, caller) {
    await operatorOnly(iam, caller, 'certkeep:keyring:attest')
    const copy = (await keyringCopies.list()).find((each) => each.number === number)
    if (!copy) throw problem('KeyringCopyNotFound', { number })
    if (copy.attestedAt !== null) throw problem('KeyringCopyAttested', { number })
    return {
      answer: {},
      writes: [
        keyringCopies.attest(number, domainClock.now(), caller.userName, problem('KeyringCopyAttested', { number })),
      ],
      audit: { objectType: 'keyringCopy', objectId: String(number), facts: { number, place: copy.place } },
    }
  },
})
