import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { day } from '../../src/kernel/index.ts'
import { trusting } from '../iam/people.ts'
import { alibaba, huawei } from '../support/client.ts'
import { advance, leaf, rootCa } from '../support/life.ts'
import { person, secondAccount } from '../support/people.ts'
import { startService } from '../support/service.ts'
import { opensslCa } from '../import/openssl-ca.ts'
import { long, openGuarded, type Guarded, type Person } from './guarded.ts'

const admin = 'ram-1/AdministratorAccess'

describe('ways around a second person that lead nowhere: sock puppets', () => {
  let g: Guarded
  let caId: string
  let approvalId: string
  beforeAll(async () => {
    g = await openGuarded({ twoPersons: true })
    caId = await g.aDisabledCa()
    approvalId = await g.asked(g.deleteCa(caId))
  })
  afterAll(() => g[Symbol.asyncDispose]())

  const by = (who: Person | undefined) => ({
    make: async (userName: string): Promise<Person> => {
      await g.act('CreateUser', { userName }, who)
      const { accessKeyId } = await g.act('CreateAccessKey', { userName }, who)
      await g.act('AttachPolicy', { userName, policyName: admin }, who)
      return { userName, accessKeyId }
    },
  })
  const expectUnfit = async (who: { accessKeyId: string }, approval = approvalId) =>
    expect(await g.refused(g.approve(approval, who))).toMatchObject({ code: 'ApproverUnfit' })

  test('approving oneself', () => expectUnfit(g.requester))

  test('approving as the root user', () => expectUnfit(g.core.administrator))

  test('an approver whom the requester created', async () => expectUnfit(await by(g.requester).make('sock')))

  test('an approver whom a creature of the requester created', async () => {
    const first = await by(g.requester).make('first')
    await expectUnfit(await by(first).make('second'))
  })

  test('one who was created by it before the creature was deleted again', async () => {
    const first = await by(g.requester).make('short-lived')
    const second = await by(first).make('left-behind')
    await g.act('SetAccessKeyEnabled', { accessKeyId: first.accessKeyId, enabled: false }, g.requester)
    await g.act('DeleteAccessKey', { accessKeyId: first.accessKeyId }, g.requester)
    await g.act('DetachPolicy', { userName: 'short-lived', policyName: admin }, g.requester)
    await g.act('DeleteUser', { userName: 'short-lived' }, g.requester)
    await expectUnfit(second)
  })

  /** A user who could approve, was the requester not to do what follows. */
  const aFitUser = async (userName: string): Promise<Person> => {
    const user = await g.core.createUser(userName, [admin])
    g.core.advance(long)
    caId = await g.aDisabledCa()
    approvalId = await g.asked(g.deleteCa(caId))
    return user
  }

  test.each<[string, (user: Person) => Promise<unknown>]>([
    [
      'to whom the requester attached a policy',
      ({ userName }) => g.act('AttachPolicy', { userName, policyName: 'PCA FullAccess' }, g.requester),
    ],
    [
      'whom the requester put into a group',
      async ({ userName }) => {
        await g.act('CreateGroup', { groupName: `of-${userName}` })
        await g.act('AddUserToGroup', { groupName: `of-${userName}`, userName }, g.requester)
      },
    ],
    [
      'to whose group the requester attached a policy',
      async ({ userName }) => {
        await g.act('CreateGroup', { groupName: `of-${userName}` })
        await g.act('AddUserToGroup', { groupName: `of-${userName}`, userName })
        await g.act('AttachPolicyToGroup', { groupName: `of-${userName}`, policyName: admin }, g.requester)
      },
    ],
    [
      'whose policy the requester rewrote',
      async ({ userName }) => {
        const document = JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] })
        await g.act('CreatePolicy', { policyName: `of-${userName}`, document })
        await g.act('AttachPolicy', { userName, policyName: `of-${userName}` })
        await g.act('CreatePolicyVersion', { policyName: `of-${userName}`, document, setAsDefault: true }, g.requester)
      },
    ],
    [
      'for whom the requester made an access key',
      ({ userName }) => g.act('CreateAccessKey', { userName }, g.requester),
    ],
    [
      'whose password the requester set',
      ({ userName }) => g.act('SetUserPassword', { userName, password: 'known to the requester' }, g.requester),
    ],
    [
      'whom the requester tagged, where tags are rights',
      ({ userName }) => g.act('TagUser', { userName, tags: { approver: 'yes' } }, g.requester),
    ],
    [
      'whom the requester let in again',
      ({ userName }) => g.act('SetUserEnabled', { userName, enabled: true }, g.requester),
    ],
  ])('an approver %s', async (what, change) => {
    const user = await aFitUser(`user-${what.length}-${what.charCodeAt(9)}`)
    await change(user)
    await expectUnfit(user)
    g.core.advance(day)
    await expectUnfit(user)
  })

  test('the same by a role that the requester took', async () => {
    const user = await aFitUser('touched-by-role')
    const account = g.core.administrator.accountId
    await g.act('CreateRole', { roleName: 'giver', trustPolicy: trusting(`acs:ram::${account}:root`) })
    await g.act('AttachPolicyToRole', { roleName: 'giver', policyName: admin })
    const assume = { account: { id: account }, roleName: 'giver', sessionName: 'ci' }
    const key = await g.act('AssumeRole', assume, g.requester)
    await g.act('CreateAccessKey', { userName: user.userName }, key)
    await expectUnfit(user)
  })

  test('an approver who approves through a role that the requester took, or that somebody else did', async () => {
    caId = await g.aDisabledCa()
    approvalId = await g.asked(g.deleteCa(caId))
    const assume = { account: { id: g.core.administrator.accountId }, roleName: 'giver', sessionName: 'ci' }
    for (const who of [g.requester, g.approver]) await expectUnfit(await g.act('AssumeRole', assume, who))
  })

  test('asking through a role and approving as oneself', async () => {
    const assume = { account: { id: g.core.administrator.accountId }, roleName: 'giver', sessionName: 'ci' }
    const key = await g.act('AssumeRole', assume, g.requester)
    const ca = await g.aDisabledCa()
    await expectUnfit(g.requester, await g.asked(g.deleteCa(ca, 7, key)))
  })

  test('asking with one’s own temporary key and approving with the permanent one', async () => {
    const key = await g.act('CreateTemporaryKey', {}, g.requester)
    const ca = await g.aDisabledCa()
    await expectUnfit(g.requester, await g.asked(g.deleteCa(ca, 7, key)))
  })

  test('letting a creature ask, and approving it oneself', async () => {
    const creature = await by(g.approver).make('asks-for-me')
    const ca = await g.aDisabledCa()
    await expectUnfit(g.approver, await g.asked(g.deleteCa(ca, 7, creature)))
  })

  test('letting a role ask that one has made for it, and approving it oneself', async () => {
    const account = g.core.administrator.accountId
    const asker = await g.core.createUser('asker', [admin])
    g.core.advance(long)
    await g.act('CreateRole', { roleName: 'asks', trustPolicy: trusting(`acs:ram::${account}:root`) }, g.approver)
    await g.act('AttachPolicyToRole', { roleName: 'asks', policyName: admin }, g.approver)
    const assume = { account: { id: account }, roleName: 'asks', sessionName: 'ci' }
    const key = await g.act('AssumeRole', assume, asker)
    const ca = await g.aDisabledCa()
    await expectUnfit(g.approver, await g.asked(g.deleteCa(ca, 7, key)))
  })

  test('a second account of the requester’s: it sees no approval, and no role lets it approve', async () => {
    const other = await g.core.createAccount('second-of-requester')
    caId = await g.aDisabledCa()
    approvalId = await g.asked(g.deleteCa(caId))
    expect(await g.refused(g.act('ShowApproval', { approvalId }, other))).toMatchObject({ code: 'ApprovalNotFound' })
    const root = `acs:ram::${other.accountId}:root`
    await g.act('CreateRole', { roleName: 'guests', trustPolicy: trusting(root) })
    await g.act('AttachPolicyToRole', { roleName: 'guests', policyName: admin })
    const assume = { account: { id: g.core.administrator.accountId }, roleName: 'guests', sessionName: 'ci' }
    await expectUnfit(await g.act('AssumeRole', assume, other))
  })

  test.each<[string, (user: Person) => Promise<unknown>]>([
    ['disabled', ({ userName }) => g.act('SetUserEnabled', { userName, enabled: false })],
    [
      'given a new password by the requester',
      ({ userName }) => g.act('SetUserPassword', { userName, password: 'known to the requester' }, g.requester),
    ],
  ])('an approver who approved, and was %s then, has approved nothing', async (what, change) => {
    const user = await aFitUser(`later-${what.length}`)
    await g.approve(approvalId, user)
    await change(user)
    expect(await g.asked(g.deleteCa(caId))).not.toBe(approvalId)
  })
})

describe('ways around a second person that lead nowhere: the act', () => {
  let g: Guarded
  beforeAll(async () => {
    g = await openGuarded({ twoPersons: true })
  })
  afterAll(() => g[Symbol.asyncDispose]())

  /** Approves the deletion; what follows makes it another. */
  const approved = async (caId: string): Promise<string> => {
    const approvalId = await g.asked(g.deleteCa(caId))
    await g.approve(approvalId)
    return approvalId
  }

  test('another day after the approval', async () => {
    const caId = await g.aDisabledCa()
    const approvalId = await approved(caId)
    expect(await g.asked(g.deleteCa(caId, 8))).not.toBe(approvalId)
    // And the request for the other day has voided the first.
    expect(await g.act('ShowApproval', { approvalId })).toMatchObject({ state: 'void' })
    expect(await g.asked(g.deleteCa(caId, 7))).not.toBe(approvalId)
  })

  test('an approval for one CA used for another', async () => {
    const [caId, other] = [await g.aDisabledCa(), await g.aDisabledCa()]
    const approvalId = await approved(caId)
    expect(await g.asked(g.deleteCa(other))).not.toBe(approvalId)
  })

  test('enabling it again, issuing, disabling, and then the approved call', async () => {
    const caId = await g.aDisabledCa()
    const approvalId = await approved(caId)
    await g.act('EnableCa', { caId })
    await g.aLeaf(caId)
    await g.act('DisableCa', { caId })
    expect(await g.asked(g.deleteCa(caId))).not.toBe(approvalId)
  })

  test('new revocations change the counts, and with that what was approved', async () => {
    const caId = await g.aCa()
    const certificateId = await g.aLeaf(caId)
    await g.act('DisableCa', { caId })
    const approvalId = await approved(caId)
    await g.act('RevokeCertificate', { certificateId, reason: 'unspecified' })
    expect(await g.asked(g.deleteCa(caId))).not.toBe(approvalId)
  })

  test('other tags, or another enterprise project: guards and request stay with the CA, and the approval is void', async () => {
    const caId = await g.aDisabledCa()
    const first = await approved(caId)
    await g.act('CreateResourceGroup', { name: 'elsewhere' })
    await g.act('MoveCa', { caId, resourceGroup: 'elsewhere' })
    const second = await g.asked(g.deleteCa(caId))
    expect(second).not.toBe(first)
    await g.approve(second)
    await g.act('TagCa', { caId, tags: { guarded: 'no' } })
    expect(await g.asked(g.deleteCa(caId))).not.toBe(second)
  })

  test('revoking the CA instead of deleting it', async () => {
    const below = await g.aCa(await g.aCa())
    const revoke = () => g.act('RevokeCa', { caId: below, reason: 'cessationOfOperation' }, g.requester)
    const approvalId = await g.asked(revoke())
    expect(await g.act('ShowCa', { caId: below })).toMatchObject({ ca: { revokedAt: null } })
    // What was approved for one act is for no other.
    await g.approve(approvalId)
    await g.act('DisableCa', { caId: below })
    await g.asked(g.deleteCa(below))
  })

  test('a certificate issued after the approval of a revocation voids it: no version of the CA changes, the counts do', async () => {
    const below = await g.aCa(await g.aCa())
    const revoke = () => g.act('RevokeCa', { caId: below, reason: 'cessationOfOperation' }, g.requester)
    const approvalId = await g.asked(revoke())
    await g.approve(approvalId)
    await g.aLeaf(below)
    expect(await g.asked(revoke())).not.toBe(approvalId)
  })

  test('turning the second person off oneself, for the account or for the CA', async () => {
    await g.asked(g.act('SetGuards', { twoPersons: false }, g.requester))
    const caId = await g.aDisabledCa()
    await g.act('SetGuards', { caId, deletionProtection: true })
    await g.asked(g.act('SetGuards', { caId, deletionProtection: false }, g.requester))
    g.core.advance(2 * day)
    expect(await g.refused(g.deleteCa(caId))).toMatchObject({ code: 'DeletionProtected' })
    await g.asked(g.deleteCa(await g.aDisabledCa()))
  })

  test('asking for one weakening, and using the approval for another', async () => {
    await g.act('SetGuards', { deletionProtection: true, caDeletionsPerUser: 5 })
    const approvalId = await g.asked(g.act('SetGuards', { caDeletionsPerUser: 6 }, g.requester))
    await g.approve(approvalId)
    expect(await g.asked(g.act('SetGuards', { deletionProtection: false }, g.requester))).not.toBe(approvalId)
    // A weakening that was approved is in force a day later all the same.
    const wanted = { deletionProtection: false, caDeletionsPerUser: null }
    await g.approve(await g.asked(g.act('SetGuards', wanted, g.requester)))
    await g.act('SetGuards', wanted, g.requester)
    expect(await g.refused(g.deleteCa(await g.aDisabledCa()))).toMatchObject({ code: 'DeletionProtected' })
    g.core.advance(day)
    await g.asked(g.deleteCa(await g.aDisabledCa()))
  })
})

describe('ways around protection that lead nowhere', () => {
  let g: Guarded
  beforeAll(async () => {
    g = await openGuarded()
  })
  afterAll(() => g[Symbol.asyncDispose]())

  test('ending the parent of a protected CA, or what is above that', async () => {
    const root = await g.aCa()
    const middle = await g.aCa(root)
    await g.act('SetGuards', { caId: middle, deletionProtection: true })
    await g.act('DisableCa', { caId: root })
    expect(await g.refused(g.deleteCa(root))).toMatchObject({ code: 'DeletionProtected' })
  })

  test('revoking a protected CA', async () => {
    const below = await g.aCa(await g.aCa())
    await g.act('SetGuards', { caId: below, deletionProtection: true })
    const revoke = g.act('RevokeCa', { caId: below, reason: 'keyCompromise' })
    expect(await g.refused(revoke)).toMatchObject({ code: 'DeletionProtected' })
  })

  test('taking a tag or the project of it away', async () => {
    const caId = await g.aDisabledCa()
    await g.act('SetGuards', { caId, deletionProtection: true })
    await g.act('TagCa', { caId, tags: { protected: 'yes' } })
    await g.act('UntagCa', { caId, keys: ['protected'] })
    await g.act('MoveCa', { caId, resourceGroup: null })
    expect(await g.refused(g.deleteCa(caId))).toMatchObject({ code: 'DeletionProtected' })
  })

  test('importing the same CA elsewhere, to have it there without guards', async () => {
    const outside = opensslCa({ keyAlgorithm: 'p256' })
    const material = { certificates: outside.certificate, privateKey: outside.key }
    const { caId } = await g.act('ImportCa', material)
    await g.act('SetGuards', { caId, deletionProtection: true })
    const other = await g.core.createAccount('elsewhere')
    for (const who of [g.core.administrator, other])
      expect(await g.refused(g.act('ImportCa', material, who))).toMatchObject({ code: 'KeyRefused' })
  })
})

describe('guards bind every door', () => {
  test('Huawei’s, Alibaba’s and our own answer 403 alike; the clouds’ name the approval, and the same call passes then', async () => {
    await using service = await startService()
    const { url, credentials } = service
    const own = (operation: string, input: unknown) => huawei(url, credentials, 'POST', `/api/${operation}`, input)
    const approver = await person(service, 'approver', [admin])
    await advance(service, 8)
    const caId = await rootCa(service)
    const certificateId = await leaf(service, caId)
    const { certificate } = (await own('ShowPrivateCertificate', { certificateId })).body
    await own('DisableCa', { caId })
    await own('SetGuards', { twoPersons: true, refuseWhileInUse: false, certificateDeletionsPerUser: 0 })

    const path = `/v1/private-certificate-authorities/${caId}?pending_days=7`
    const refused = await huawei(url, credentials, 'DELETE', path)
    expect(refused).toMatchObject({ status: 403, body: { error_code: 'PCA.10010950' } })
    const [approvalId = ''] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(refused.body.error_msg as string) ?? []
    // Through another door it is the same act, and waits for the same approval.
    expect((await own('DeleteCa', { caId, keepDays: 7 })).body.error).toMatchObject({
      code: 'ApprovalRequired',
      message: expect.stringContaining(approvalId) as string,
    })
    const number = String(certificate.number)
    const cap = { status: 403, body: { Code: 'DailyCapReached' } }
    expect(await alibaba(url, credentials, 'DeleteUserCertificate', { CertId: number })).toMatchObject({
      status: 400,
      body: { Code: 'CertificateStillValid' },
    })
    await own('RevokeCertificate', { certificateId, reason: 'unspecified' })
    expect(await alibaba(url, credentials, 'DeleteUserCertificate', { CertId: number })).toMatchObject(cap)
    const scm = await huawei(url, credentials, 'DELETE', `/v1/private-certificates/${certificateId}`)
    expect(scm).toMatchObject({ status: 403, body: { error_code: 'PCA.10010953' } })

    // The revocation changed what was asked for: asked anew, approved, passed.
    const again = await huawei(url, credentials, 'DELETE', path)
    const [secondId = ''] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(again.body.error_msg as string) ?? []
    expect(secondId).not.toBe(approvalId)
    const asApprover = (operation: string, input: unknown) => huawei(url, approver, 'POST', `/api/${operation}`, input)
    const { digest } = (await asApprover('ShowApproval', { approvalId: secondId })).body
    expect(await asApprover('Approve', { approvalId: secondId, digest })).toMatchObject({ status: 200 })
    expect(await huawei(url, credentials, 'DELETE', path)).toMatchObject({ status: 204 })
    expect((await own('ShowCa', { caId })).body.state).toBe('pendingDeletion')
    const stranger = await secondAccount(service)
    expect(await huawei(url, stranger, 'POST', '/api/ShowApproval', { approvalId: secondId })).toMatchObject({
      status: 404,
    })
  })
})
