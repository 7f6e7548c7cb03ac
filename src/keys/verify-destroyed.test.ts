import { randomUUID } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { createKeyring, verifyDestroyed, type Control, type KeyProvider } from './index.ts'
import { anInstance } from './support.fixture.ts'

async function aSubject(provider: KeyProvider): Promise<Control> {
  const named = { keyId: randomUUID(), accountId: 'acct-1', algorithm: 'p256' } as const
  const { spki, sealedPrivateKey } = await provider.generate(named)
  return { provider, spki, key: { ...named, sealedPrivateKey } }
}

describe('positive verification of a destruction', () => {
  test('verified: the searches are empty while the control key is found and signs', async () => {
    await using instance = await anInstance()
    const { provider } = instance
    const [subject, control] = [await aSubject(provider), await aSubject(provider)]
    await provider.destroy(subject.key.keyId)
    const outcome = await verifyDestroyed({ keyId: subject.key.keyId, spki: subject.spki }, [control])
    expect(outcome).toEqual({ verified: true, providers: ['sealed'] })
  })

  test('not verified while the key is found by its id, or under another id by its public key', async () => {
    await using instance = await anInstance()
    const { provider } = instance
    const [subject, control] = [await aSubject(provider), await aSubject(provider)]
    const { keyId } = subject.key
    expect(await verifyDestroyed({ keyId, spki: subject.spki }, [control])).toMatchObject({ verified: false, by: 'id' })
    expect(await verifyDestroyed({ keyId: randomUUID(), spki: subject.spki }, [control])).toEqual({
      verified: false,
      provider: 'sealed',
      by: 'publicKey',
      keyIds: [keyId],
    })
  })

  test('every provider is asked', async () => {
    await using one = await anInstance()
    await using two = await anInstance()
    const subject = await aSubject(two.provider)
    const controls = [await aSubject(one.provider), await aSubject(two.provider)]
    const asked = { keyId: subject.key.keyId, spki: subject.spki }
    expect(await verifyDestroyed(asked, controls)).toMatchObject({ verified: false })
    await two.provider.destroy(subject.key.keyId)
    expect(await verifyDestroyed(asked, controls)).toEqual({ verified: true, providers: ['sealed', 'sealed'] })
  })

  test.each<[string, (control: Control, other: Control) => Control]>([
    ['is not there', ({ provider, spki, key }) => ({ provider, spki, key: { ...key, keyId: randomUUID() } })],
    ['has another public key', ({ provider, key }, { spki }) => ({ provider, key, spki })],
    ['does not open', ({ key, ...rest }) => ({ ...rest, key: { ...key, sealedPrivateKey: Buffer.alloc(99) } })],
  ])('it fails when the control key %s', async (_, spoil) => {
    await using instance = await anInstance()
    const control = await aSubject(instance.provider)
    const spoilt = spoil(control, await aSubject(instance.provider))
    const verifying = verifyDestroyed({ keyId: randomUUID(), spki: Buffer.from('gone') }, [spoilt])
    await expect(verifying).rejects.toMatchObject({ name: 'KeyError', code: 'KeyLookupFailed' })
  })

  test('it fails when the keyring went away, was exchanged, or there is nothing to ask', async () => {
    await using instance = await anInstance()
    const { provider, keyringFolder } = instance
    const control = await aSubject(provider)
    const gone = { keyId: randomUUID(), spki: Buffer.from('gone') }
    const failed = { code: 'KeyLookupFailed' }
    await expect(verifyDestroyed(gone, [])).rejects.toMatchObject(failed)
    await expect(verifyDestroyed({ ...gone, keyId: control.key.keyId }, [control])).rejects.toMatchObject(failed)

    await rename(keyringFolder, `${keyringFolder}-away`)
    await expect(verifyDestroyed(gone, [control])).rejects.toMatchObject(failed)
    await createKeyring(instance)
    await expect(verifyDestroyed(gone, [control])).rejects.toMatchObject(failed)

    await rm(keyringFolder, { recursive: true })
    await rename(`${keyringFolder}-away`, keyringFolder)
    expect(await verifyDestroyed(gone, [control])).toMatchObject({ verified: true })
  })
})
