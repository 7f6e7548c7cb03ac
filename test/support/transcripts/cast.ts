import { randomBytes } from 'node:crypto'
import { huawei, type Caller } from '../client.ts'
import { secondAccount as anotherAccount } from '../people.ts'
import type { Service } from '../service.ts'

/** Who asks in a transcript. */
export const roles = ['admin', 'user', 'stranger', 'second account', 'nobody'] as const
export type Role = (typeof roles)[number]

interface Person extends Caller {
  userName: string
  password: string
  accountName: string
}

/** The people of one transcript: accounts of their own, so that what is listed is what the transcript made. */
export class Cast {
  readonly service: Pick<Service, 'url'>
  private readonly people = new Map<Role, Person>()
  private readonly tokens = new Map<Role, string>()
  private policies = 0

  private constructor(service: Pick<Service, 'url'>) {
    this.service = service
  }

  /** A key of its own for each transcript: the brake on guessing counts wrong ones for a key. */
  private readonly stranger = {
    accessKeyId: `LTAIofNobody${randomBytes(6).toString('hex')}`,
    accessKeySecret: 'of nobody',
  }

  /** @param text of the transcript: nobody is made who does not appear in it */
  static async assemble(service: Pick<Service, 'url'>, name: string, text: string): Promise<Cast> {
    const cast = new Cast(service)
    cast.people.set('admin', await anotherAccount(service, `of-${name}`))
    if (/\bsecond\b/.test(text)) cast.people.set('second account', await anotherAccount(service, `2nd-${name}`))
    if (/\buser\b/.test(text)) cast.people.set('user', await cast.createUser('reader'))
    return cast
  }

  /** A key that nobody was given, for the stranger; nobody has none. */
  caller(role: Exclude<Role, 'nobody'>): Caller {
    if (role === 'stranger') return this.stranger
    const person = this.people.get(role)
    if (!person) throw new Error(`this transcript knows no ${role}`)
    return person
  }

  async token(role: Role): Promise<string> {
    const person = this.people.get(role)
    if (!person) return 'a token that nobody was given'
    const known = this.tokens.get(role)
    if (known !== undefined) return known
    const { userName: name, password, accountName } = person
    const identity = { methods: ['password'], password: { user: { name, password, domain: { name: accountName } } } }
    const response = await fetch(`${this.service.url}/v3/auth/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth: { identity, scope: { domain: { name: accountName } } } }),
    })
    const token = response.headers.get('x-subject-token')
    if (token === null) throw new Error(`no token: ${response.status} ${await response.text()}`)
    this.tokens.set(role, token)
    return token
  }

  /** `{{admin.access_key_id}}` and so on. */
  variables(): Map<string, string> {
    const variables = new Map<string, string>()
    for (const [role, person] of this.people)
      for (const [name, value] of Object.entries(person))
        variables.set(`${role.split(' ', 1)[0]}.${name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`, String(value))
    return variables
  }

  /** Runs an operation of the core by its own name, as often as a test likes: what is too fast is asked again. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what each answers is known where it is used
  async ask(operation: string, input: object, role: 'admin' | 'second account' = 'admin'): Promise<any> {
    for (;;) {
      const answer = await huawei(this.service.url, this.caller(role), 'POST', `/api/${operation}`, input)
      if (answer.status === 200) return answer.body
      if (answer.status !== 429) throw new Error(`${operation}: ${answer.status} ${JSON.stringify(answer.body)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  /** Policies of the user, who has none to begin with. A Huawei action makes a policy of Huawei's grammar. */
  async policy(effect: 'Allow' | 'Deny', actions: readonly string[]): Promise<void> {
    const policyName = `policy-${++this.policies}`
    const huaweis = /^(?:pca|scm|iam):/.test(actions[0]!)
    const statement = { Effect: effect, Action: actions, Resource: huaweis ? ['*'] : '*' }
    const document = JSON.stringify({ Version: huaweis ? '5.0' : '1', Statement: [statement] })
    await this.ask('CreatePolicy', { policyName, document })
    await this.attach(policyName)
  }

  async attach(policyName: string): Promise<void> {
    await this.ask('AttachPolicy', { userName: this.user().userName, policyName })
    this.tokens.delete('user')
  }

  async setKeyOfUser(enabled: boolean): Promise<void> {
    await this.ask('SetAccessKeyEnabled', { accessKeyId: this.user().accessKeyId, enabled })
  }

  async setUser(enabled: boolean): Promise<void> {
    await this.ask('SetUserEnabled', { userName: this.user().userName, enabled })
  }

  private user(): Person {
    const person = this.people.get('user')
    if (!person) throw new Error('this transcript knows no user')
    return person
  }

  private async createUser(userName: string): Promise<Person> {
    const password = 'password of the reader'
    await this.ask('CreateUser', { userName, password })
    const key = (await this.ask('CreateAccessKey', { userName })) as Caller
    return { userName, password, accountName: this.people.get('admin')!.accountName, ...key }
  }
}
