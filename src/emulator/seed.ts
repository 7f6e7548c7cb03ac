import { createHmac } from 'node:crypto'
import { createCa, disableCa } from '../ca/index.ts'
import { exportPrivateCertificate, issueCertificate, uploadCertificate } from '../certificates/index.ts'
import { deleteCa } from '../end-of-life/index.ts'
import { attachPolicy, createAccessKey, createPolicy, createUser, type FirstCredentials } from '../iam/index.ts'
import { day, drawingFrom, hour, Problem, type Bytes, type Operation } from '../kernel/index.ts'
import { revokeCa, revokeCertificate } from '../revocation/index.ts'
import { keyAlgorithms, writePem, type KeyAlgorithmName } from '../x509/index.ts'
import { BadRequest } from './bad-request.ts'
import { durationOf } from './durations.ts'
import type { Seed, SeedAccount, SeedCa, SeedCertificate, SeedUser } from './seed-input.ts'

/** Runs an operation as an administrator; without a limit on how often. */
export type SeedCall<Deps> = <Input, Resource, Answer>(
  operation: Operation<Input, Resource, Answer, Deps>,
  input: Input,
) => Promise<Answer>

export interface SeedNeeds<Deps> {
  /** Ms since 1970. */
  now(): number
  /** Resolves when what was due by then has been done. */
  moveClock(to: number): Promise<void>
  firstAccount(): Promise<FirstCredentials>
  createAccount(name: string): Promise<FirstCredentials>
  callAs(credentials: FirstCredentials): SeedCall<Deps>
}

/** Everything that the operations of a seed need of the object graph. */
type NeedsOf<O> = O extends Operation<infer _I, infer _R, infer _A, infer Deps> ? (deps: Deps) => void : never
type Used =
  | typeof createCa
  | typeof disableCa
  | typeof deleteCa
  | typeof revokeCa
  | typeof issueCertificate
  | typeof revokeCertificate
  | typeof exportPrivateCertificate
  | typeof uploadCertificate
  | typeof createUser
  | typeof createAccessKey
  | typeof createPolicy
  | typeof attachPolicy
export type SeedDeps = NeedsOf<Used> extends (deps: infer All) => void ? All : never

/** One act, so long before now. */
interface Step {
  age: number
  act: () => Promise<unknown>
}

/**
 * Makes what a declaration says, by the same operations that everybody calls, and so that it is as old as it should be: the clock goes
 * back to the oldest, and on from act to act until it is now again. The same number gives the same ids and access keys.
 * @param turn how often this number was used before
 * @throws BadRequest; what was made until then stays
 */
export async function plant(seed: Seed, turn: number, needs: SeedNeeds<SeedDeps>) {
  const steps: Step[] = []
  const planted = []
  for (const [index, account] of seed.accounts.entries()) {
    const path = `${seed.number}/${turn}/${index}`
    const credentials = await (account.name === undefined
      ? needs.firstAccount()
      : drawn(path, () => needs.createAccount(account.name!)))
    planted.push(new Planting(path, account, credentials, needs.callAs(credentials), steps).plan())
  }
  await inOrder(steps, needs)
  const [first, ...accounts] = planted
  return { number: seed.number, ...first!, accounts }
}

async function inOrder(steps: readonly Step[], { now, moveClock }: SeedNeeds<SeedDeps>): Promise<void> {
  const present = now()
  let moved = 0
  try {
    for (const { age, act } of steps.toSorted((a, b) => b.age - a.age)) {
      if (age !== moved) await moveClock(present - age)
      moved = age
      await act()
    }
  } finally {
    if (moved !== 0) await moveClock(present)
  }
}

class Planting {
  private readonly path: string
  private readonly account: SeedAccount
  private readonly credentials: FirstCredentials
  private readonly call: SeedCall<SeedDeps>
  private readonly steps: Step[]

  constructor(
    path: string,
    account: SeedAccount,
    credentials: FirstCredentials,
    call: SeedCall<SeedDeps>,
    steps: Step[],
  ) {
    this.path = path
    this.account = account
    this.credentials = credentials
    this.call = call
    this.steps = steps
  }

  /** What will be there when the steps have been taken; ids come in with them. */
  plan() {
    const { name, users, cas } = this.account
    return {
      ...(name === undefined ? {} : { name }),
      credentials: this.credentials,
      users: users.map((user, index) => this.planUser(user, `users/${index}`)),
      cas: cas.map((ca, index) => this.planCa(ca, `cas/${index}`, 0, 0, undefined)),
    }
  }

  private step(path: string, age: number, act: () => Promise<unknown>): void {
    this.steps.push({
      age,
      act: () =>
        drawn(`${this.path}/${path}`, act).catch((error: unknown) => {
          throw error instanceof Problem ? new BadRequest(`/${path}: ${error.message}`) : error
        }),
    })
  }

  private planUser({ name: userName, password, keys = 1, policies = [] }: SeedUser, path: string) {
    const planted = {
      name: userName,
      userId: '',
      ...(password === undefined ? {} : { password }),
      keys: [] as { accessKeyId: string; accessKeySecret: string }[],
    }
    this.step(path, 0, async () => {
      const made = await this.call(createUser, { userName, ...(password === undefined ? {} : { password }) })
      planted.userId = made.userId
      for (const [index, policy] of policies.entries()) {
        const policyName = typeof policy === 'string' ? policy : `${userName}-${index + 1}`
        if (typeof policy !== 'string') await this.call(createPolicy, { policyName, document: JSON.stringify(policy) })
        await this.call(attachPolicy, { userName, policyName })
      }
      for (let made = 0; made < keys; made++) planted.keys.push(await this.call(createAccessKey, { userName }))
    })
    return planted
  }

  /** @param youngest what is made under a CA that is destroyed has to be older than its end */
  private planCa(ca: SeedCa, path: string, depth: number, youngest: number, parent: PlantedCa | undefined): PlantedCa {
    const { name, state = 'active', certificates = [], cas, keepDays = 30 } = ca
    const least = Math.max(youngest, state === 'destroyed' ? endsAgo + hour : 0, ageOf(ca))
    const age = Math.max(least, oldestUnder(ca))
    const validity = ca.validity ?? (state === 'expired' ? '1y' : longerThanBelow(age, depth))
    const planted: PlantedCa = { name, state, caId: '', certificates: [], cas: [] }

    this.step(path, age, async () => {
      const { caId } = await this.call(createCa, {
        type: parent ? 'subordinate' : state === 'pendingActivation' ? 'subordinate' : 'root',
        subject: { commonName: name, country: 'CN', organization: 'Certkeep emulator' },
        keyAlgorithm: ca.keyAlgorithm ?? 'p256',
        ...(state === 'pendingActivation'
          ? {}
          : {
              ...hashFor(ca.keyAlgorithm ?? 'p256'),
              validity: validityOf(validity),
              ...(parent ? { issuerId: parent.caId, pathLength: Math.min(6, depthUnder(ca)) } : {}),
            }),
      })
      planted.caId = caId
    })
    for (const [index, certificate] of certificates.entries())
      this.planCertificates(certificate, `${path}/certificates/${index}`, least, planted)
    planted.cas.push(...cas.map((each, index) => this.planCa(each, `${path}/cas/${index}`, depth + 1, least, planted)))

    const { call } = this
    const caIdOf = () => ({ caId: planted.caId })
    if (state === 'disabled') this.step(`${path}/disable`, 0, () => call(disableCa, caIdOf()))
    if (state === 'revoked')
      this.step(`${path}/revoke`, 0, () => call(revokeCa, { ...caIdOf(), reason: 'cessationOfOperation' }))
    if (state === 'pendingDeletion' || state === 'destroyed')
      this.step(`${path}/delete`, state === 'destroyed' ? endsAgo : 0, async () => {
        await call(disableCa, caIdOf())
        await call(deleteCa, { ...caIdOf(), keepDays: state === 'destroyed' ? shortestDays : keepDays })
      })
    return planted
  }

  private planCertificates(seed: SeedCertificate, path: string, youngest: number, ca: PlantedCa): void {
    const { state = 'valid', validity = '90d', count = 1, upload = false } = seed
    const age = Math.max(youngest, ageOfCertificate(seed))
    for (let index = 0; index < count; index++) {
      const name = count === 1 ? seed.name : `${index + 1}.${seed.name}`
      const planted: PlantedCertificate = { name, state, certificateId: '' }
      ca.certificates.push(planted)
      this.step(`${path}/${index}`, age, async () => {
        const { certificateId } = await this.call(issueCertificate, {
          issuerId: ca.caId,
          subject: { commonName: name },
          validity: validityOf(validity),
          keyAlgorithm: 'p256',
          names: [{ type: 'dns', value: name }],
          extendedKeyUsages: ['1.3.6.1.5.5.7.3.1'],
        })
        planted.certificateId = certificateId
        if (upload) Object.assign(planted, await this.upload(name, certificateId))
      })
      if (state === 'revoked')
        this.step(`${path}/${index}/revoke`, Math.min(age, youngest), () =>
          this.call(revokeCertificate, { certificateId: planted.certificateId, reason: 'superseded' }),
        )
    }
  }

  private async upload(name: string, certificateId: string) {
    const { certificate, chain, privateKey } = await this.call(exportPrivateCertificate, { certificateId })
    const uploaded = await this.call(uploadCertificate, {
      name,
      certificate: [certificate.certificate, ...chain].map((der) => writePem('CERTIFICATE', der)).join(''),
      privateKey: writePem('PRIVATE KEY', privateKey!),
    })
    return { uploadId: uploaded.certificate.id, certId: uploaded.certificate.number }
  }
}

interface PlantedCertificate {
  name: string
  state: string
  certificateId: string
  /** Of the copy in the repository: our name of it, and Alibaba's number. */
  uploadId?: string
  certId?: number
}

interface PlantedCa {
  name: string
  state: string
  caId: string
  certificates: PlantedCertificate[]
  cas: PlantedCa[]
}

const shortestDays = 7
/** The deletion of a destroyed CA was ordered so long ago. */
const endsAgo = shortestDays * day + hour

const ageOf = ({ age }: { age?: string }): number => (age === undefined ? 0 : durationOf(age)!)

const ageOfCertificate = (seed: SeedCertificate): number =>
  seed.age !== undefined || seed.state !== 'expired' ? ageOf(seed) : longest(seed.validity ?? '90d') + day

/** How old a CA has to be for what hangs under it. */
const oldestUnder = (ca: SeedCa): number =>
  Math.max(
    ageOf(ca),
    ca.state === 'expired' ? longest(ca.validity ?? '1y') + day : 0,
    ...(ca.certificates ?? []).map(ageOfCertificate),
    ...ca.cas.map(oldestUnder),
  )

/** Ends after whatever is under it that has its default too: ten years from now for a root, one less for each step down. */
const longerThanBelow = (age: number, depth: number): string => `${10 - depth + Math.ceil(age / (365 * day))}y`

const depthUnder = (ca: SeedCa): number => Math.max(0, ...ca.cas.map((each) => 1 + depthUnder(each)))

const units = { y: 'year', mo: 'month', d: 'day', h: 'hour' } as const
const atMost = { year: 366 * day, month: 31 * day, day, hour }

function validityOf(text: string) {
  const [, amount, unit] = /^(\d+)(y|mo|d|h)$/.exec(text)!
  return { unit: units[unit as keyof typeof units], amount: Number(amount) }
}

function longest(text: string): number {
  const { unit, amount } = validityOf(text)
  return amount * atMost[unit]
}

const hashFor = (algorithm: KeyAlgorithmName) =>
  keyAlgorithms[algorithm].type === 'ed25519' ? {} : { signatureHash: 'sha256' as const }

/** What `act` names is drawn from a stream of its own: what else happens meanwhile changes nothing. */
const drawn = <T>(path: string, act: () => Promise<T>): Promise<T> => drawingFrom(streamOf(path), act)

function streamOf(path: string): Bytes {
  let block = 0
  return (size) => {
    const blocks: Buffer[] = []
    for (let made = 0; made < size; made += 32)
      blocks.push(createHmac('sha256', 'certkeep emulator seed').update(`${path}\n${block++}`).digest())
    return Buffer.concat(blocks).subarray(0, size)
  }
}
