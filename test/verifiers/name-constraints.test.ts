import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { own } from '../support/client.ts'
import { certificatePem } from '../support/pem.ts'
import { file, openssl, opensslReq, opensslSays, verify } from '../support/openssl.ts'
import { startService, temporaryFolder, type Service } from '../support/service.ts'

const identifiers = 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'

describe('name constraints (RFC 5280 §4.2.1.10): the service and OpenSSL agree', () => {
  let service: Service
  let root: { id: string; pem: string }
  beforeAll(async () => {
    service = await startService()
    const { caId: id } = await call('CreateCa', {
      type: 'root',
      subject: { commonName: 'Root', country: 'CN' },
      keyAlgorithm: 'p256',
      signatureHash: 'sha256',
      validity: { unit: 'year', amount: 20 },
    })
    root = { id, pem: await exported(id) }
  })
  afterAll(() => service[Symbol.asyncDispose]())

  const call = (operation: string, input: unknown) => own(service.url, service.credentials, operation, input)
  const exported = async (caId: string): Promise<string> =>
    certificatePem((await call('ExportCaCertificate', { caId })).certificate as string)

  const subordinate = (issuerId: string, more: object) => ({
    type: 'subordinate',
    issuerId,
    subject: { commonName: 'Constrained', country: 'CN', organization: 'Example' },
    keyAlgorithm: 'p256',
    signatureHash: 'sha256',
    validity: { unit: 'day', amount: 1_000 },
    ...more,
  })

  /** What the service says of a certificate for this name: `accepted`, or the refusal. */
  async function serviceSays(issuerId: string, name: { type: string; value: string }, organization = 'Example') {
    try {
      const { certificateId } = await call('IssueCertificate', {
        issuerId,
        subject: { commonName: 'leaf', country: 'CN', organization },
        keyAlgorithm: 'p256',
        validity: { unit: 'day', amount: 30 },
        names: [name],
      })
      const { certificate } = await call('ExportPrivateCertificate', { certificateId })
      return { accepted: true, pem: certificatePem(certificate.certificate as string) }
    } catch (error) {
      expect(String(error)).toContain('name-constraints-kept')
      return { accepted: false, pem: undefined }
    }
  }

  /** A CA certificate of the service's for a key of OpenSSL's, with which OpenSSL signs what the service would not. */
  async function outside(issuerId: string, nameConstraints: object) {
    const key = `${temporaryFolder()}/ca.key`
    const csr = opensslReq(
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-subj',
      '/C=CN/O=Example/CN=Outside',
    )
    const { certificateId } = await call('IssueCaByCsr', {
      issuerId,
      csr,
      validity: { unit: 'day', amount: 900 },
      nameConstraints,
    })
    const certificate = await exported(certificateId as string)
    const says = (name: { type: string; value: string }, organization = 'Example') => {
      const words: Record<string, string> = { dns: 'DNS', ip: 'IP', email: 'email', uri: 'URI' }
      const request = opensslReq(
        '-new',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `${temporaryFolder()}/key.pem`,
        '-subj',
        `/C=CN/O=${organization}/CN=leaf`,
      )
      const leaf = openssl(
        'x509',
        '-req',
        '-in',
        file('request.csr', request),
        '-CA',
        file('ca.pem', certificate),
        '-CAkey',
        key,
        '-days',
        '30',
        '-extfile',
        file('leaf.cnf', `${identifiers}subjectAltName=${words[name.type]}:${name.value}\n`),
      )
      return verify(leaf, { roots: root.pem, chain: certificate })
    }
    return { certificate, says }
  }

  const dns = (value: string) => ({ type: 'dns', value })
  const ip = (value: string) => ({ type: 'ip', value })
  const email = (value: string) => ({ type: 'email', value })
  const uri = (value: string) => ({ type: 'uri', value })
  const organization = (name: string) => ({ type: 'directory', subject: { country: 'CN', organization: name } })

  const cases: [string, object, ReturnType<typeof dns>[], ReturnType<typeof dns>[]][] = [
    [
      'a permitted domain',
      { permitted: [dns('example.com')] },
      [dns('example.com'), dns('a.b.example.com'), dns('*.example.com'), ip('10.0.0.1')],
      [dns('example.org'), dns('badexample.com'), dns('example.com.evil.test')],
    ],
    [
      'an excluded domain inside a permitted one',
      { permitted: [dns('example.com')], excluded: [dns('secret.example.com')] },
      [dns('www.example.com')],
      [dns('secret.example.com'), dns('a.secret.example.com')],
    ],
    [
      'ranges of addresses of both families',
      { permitted: [ip('10.0.0.0/8'), ip('2001:db8::/32')], excluded: [ip('10.9.0.0/16')] },
      [ip('10.1.2.3'), ip('2001:db8::1')],
      [ip('11.0.0.1'), ip('10.9.1.1'), ip('2001:db9::1')],
    ],
    [
      'mail of a host, and of the hosts below a domain',
      { permitted: [email('example.com'), email('.example.org')] },
      [email('a@example.com'), email('a@mail.example.org')],
      [email('a@mail.example.com'), email('a@example.org'), email('a@example.net')],
    ],
    [
      'hosts of URIs',
      { permitted: [uri('.example.com')] },
      [uri('https://www.example.com/a')],
      [uri('https://example.org/'), uri('https://wwwexample.com/')],
    ],
  ]

  test.each(cases)('%s', async (_, nameConstraints, kept, broken) => {
    const { caId } = await call('CreateCa', subordinate(root.id, { nameConstraints }))
    const chain = await exported(caId)
    const theirs = await outside(root.id, nameConstraints)
    for (const name of kept) {
      const ours = await serviceSays(caId, name)
      expect(ours, name.value).toMatchObject({ accepted: true })
      expect(verify(ours.pem!, { roots: root.pem, chain }), name.value).toMatchObject({ accepted: true })
      expect(theirs.says(name), name.value).toMatchObject({ accepted: true })
    }
    for (const name of broken) {
      expect(await serviceSays(caId, name), name.value).toMatchObject({ accepted: false })
      expect(theirs.says(name), name.value).toMatchObject({
        accepted: false,
        said: expect.stringMatching(/permitted subtree violation|excluded subtree violation/) as string,
      })
    }
  })

  test('how subjects begin', async () => {
    const nameConstraints = { permitted: [organization('Example')] }
    const { caId } = await call('CreateCa', subordinate(root.id, { nameConstraints }))
    const theirs = await outside(root.id, nameConstraints)
    expect(await serviceSays(caId, dns('a.test'), 'Example')).toMatchObject({ accepted: true })
    expect(theirs.says(dns('a.test'), 'Example')).toMatchObject({ accepted: true })
    expect(await serviceSays(caId, dns('a.test'), 'Another')).toMatchObject({ accepted: false })
    expect(theirs.says(dns('a.test'), 'Another')).toMatchObject({ accepted: false })
  })

  test('all the way down: what a CA two levels above excludes, nobody below can give (§6.1.4 (g))', async () => {
    const { caId: upper } = await call(
      'CreateCa',
      subordinate(root.id, { pathLength: 1, nameConstraints: { permitted: [dns('example.com')] } }),
    )
    // Wider than what is above it: the chain still holds.
    const { caId: lower } = await call(
      'CreateCa',
      subordinate(upper, { validity: { unit: 'day', amount: 900 }, nameConstraints: { permitted: [dns('com')] } }),
    )
    expect(await serviceSays(lower, dns('a.example.com'))).toMatchObject({ accepted: true })
    expect(await serviceSays(lower, dns('a.example.org'))).toMatchObject({ accepted: false })
    expect(await serviceSays(lower, dns('other.com'))).toMatchObject({ accepted: false })

    const { chain } = await call('ExportCaCertificate', { caId: lower })
    const texts = (chain as string[]).map((each) =>
      opensslSays('x509', '-in', file('above.pem', certificatePem(each)), '-noout', '-ext', 'nameConstraints'),
    )
    expect(texts[0]).toMatch(/critical\s+Permitted:\s+DNS:example\.com/)
  })

  test('a CA that waits gets them with its certificate; the CSR of a certificate cannot ask around them', async () => {
    const { caId } = await call('CreateCa', {
      type: 'subordinate',
      subject: { commonName: 'Waiting', country: 'CN' },
      keyAlgorithm: 'ed25519',
    })
    await call('ActivateCa', {
      caId,
      issuerId: root.id,
      signatureHash: 'sha256',
      validity: { unit: 'day', amount: 100 },
      nameConstraints: { excluded: [dns('example.com')] },
    })
    const csr = (name: string) =>
      opensslReq(
        '-new',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        `${temporaryFolder()}/key.pem`,
        '-subj',
        '/CN=theirs',
        '-addext',
        `subjectAltName=DNS:${name}`,
      )
    const byCsr = (name: string) =>
      call('IssueCertificateByCsr', { issuerId: caId, csr: csr(name), validity: { unit: 'day', amount: 10 } })
    await expect(byCsr('a.example.com')).rejects.toThrow('name-constraints-kept')
    expect(await byCsr('a.example.org')).toHaveProperty('certificateId')
  })

  test.each([
    ['no subtree', {}],
    ['a range with host bits', { permitted: [ip('10.0.0.1/8')] }],
    ['a domain that is none', { excluded: [dns('exa mple')] }],
    ['a URI in place of a host', { excluded: [uri('https://example.com/')] }],
    ['a form that is not known', { excluded: [{ type: 'registeredID', value: '1.2.3' }] }],
    ['an empty subject', { excluded: [{ type: 'directory', subject: {} }] }],
  ])('%s is refused', async (_, nameConstraints) => {
    await expect(call('CreateCa', subordinate(root.id, { nameConstraints }))).rejects.toThrow('InputInvalid')
  })
})
