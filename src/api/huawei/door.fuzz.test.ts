import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aLeaf, aPendingCa, aRoot, aSubordinate, createCa, openClient } from './door.fixture.ts'
import { huaweiDoor } from './door.ts'
import { wireOperations } from './routes.ts'

/** What the calls of this wire send, to begin with. */
const bodies = (id: string) => [
  aRoot,
  aPendingCa,
  aSubordinate(id),
  { ...aLeaf(id), subject_alternative_names: [{ type: 'DNS', value: 'a.example.test' }] },
  {
    issuer_id: id,
    csr: '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----',
    type: 'ENTITY_CERT',
  },
  { certificate: '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----' },
  { tags: [{ key: 'k', value: 'v' }] },
  { is_compressed: 'true', type: 'IIS', password: 'p' },
  { reason: 'SUPERSEDED' },
]

test('3,000 mutated requests of a caller with every right: each is answered, and none with a failure of ours', async () => {
  await using client = await openClient()
  const { core } = client
  const door = huaweiDoor({
    ...core.parts,
    iam: core.deps.iam,
    publication: core.deps.publication,
    tokens: core.tokens,
    runner: core.unlimited,
  })
  const root = await createCa(client.send, aRoot)
  const login = { name: core.administrator.userName, password: core.administrator.password }
  const identity = {
    methods: ['password'],
    password: { user: { ...login, domain: { id: core.administrator.domainId } } },
  }
  const issued = await client.bare('POST', '/v3/auth/tokens', { body: { auth: { identity } } })
  const token = issued.headers['X-Subject-Token']!

  const change = fc.record({ at: fc.nat(), byte: fc.nat(255), kind: fc.constantFrom('replace', 'insert', 'remove') })
  const request = fc.record({
    route: fc.constantFrom(...Object.values(wireOperations)),
    id: fc.oneof({ weight: 4, arbitrary: fc.constant(root) }, { weight: 1, arbitrary: fc.string() }),
    body: fc.constantFrom(...bodies(root)),
    changes: fc.array(change, { maxLength: 3 }),
    query: fc.oneof(fc.constantFrom('', '?', '?limit=1', '?pending_days=7', '?%zz', '?a=%00'), fc.string()),
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ route, id, body, changes, query }) => {
      const [method = '', path = ''] = route.split(' ')
      const bytes = [...Buffer.from(JSON.stringify(body))]
      for (const { at, byte, kind } of changes)
        bytes.splice(at % bytes.length, kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [byte]))
      const { status, headers } = await door({
        method,
        rawUrl: path.replace(/\{\w+\}/, encodeURIComponent(id.toWellFormed())) + query,
        rawHeaders: ['x-auth-token', token],
        body: Buffer.from(bytes),
        sourceIp: '127.0.0.1',
        secureTransport: true,
      })
      expect(status).toBeLessThan(500)
      expect(headers['X-Request-Id']).toMatch(/^[0-9a-f]{32}$/)
    }),
    { numRuns: 3_000, seed: 20_260_104 },
  )
  expect(core.failures).toEqual([])
})
