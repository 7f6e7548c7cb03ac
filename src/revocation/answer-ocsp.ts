import { hash } from 'node:crypto'
import { hour, minute, type Clock } from '../kernel/index.ts'
import { isExpired, type Ca, type CaStore } from '../ca/index.ts'
import type { IssuanceLedger } from '../issuance/index.ts'
import { openResponderKey, SealError, type ResponderKey, type Sealer } from '../keys/index.ts'
import {
  buildOcspResponseData,
  equalBytes,
  issuerIdentifiers,
  ocspAnswerHead,
  ocspErrorAnswer,
  parseCertificate,
  parseOcspRequest,
  responderCertificates,
  X509Error,
  type OcspCertId,
  type OcspRequest,
  type OcspSingle,
  type OcspStatus,
} from '../x509/index.ts'
import { OcspAnswers, type KeptAnswer } from './ocsp-answers.ts'
import type { RevocationMarks } from './revocation-marks.ts'
import type { ResponderStore, RevocationStore } from './store.ts'

export interface OcspNeeds {
  cas: Pick<CaStore, 'findById'>
  revocations: Pick<RevocationStore, 'find'>
  ledger: Pick<IssuanceLedger, 'find' | 'signingIsOpen'>
  responders: Pick<ResponderStore, 'find'>
  sealer: Sealer
  domainClock: Clock
  /** One that only grows, for how long something is remembered. */
  clock: Clock
  revocationMarks: RevocationMarks
  /** A CA has no responder with time left, and is to get one. */
  responderMissing: (caId: string) => void
}

export type OcspError = Parameters<typeof ocspErrorAnswer>[0]

export type OcspAnswer =
  | { error: OcspError; body: Uint8Array }
  | {
      error: undefined
      body: Uint8Array
      /** Of whom something was said. */
      serials: readonly string[]
      /** Undefined for an answer to this one request (a nonce, several certificates): nobody else can use it. */
      shared: { etag: string; thisUpdate: number; nextUpdate: number; freshUntil: number } | undefined
    }

/** More than any client asks in one go; a GET has room for far less. */
export const maxOcspRequestBytes = 16_384
const limits = { maxBytes: maxOcspRequestBytes, maxCertIds: 16 }

/** From thisUpdate to nextUpdate. */
const validFor = 4 * hour
/** After so long an answer is signed anew, so that whoever gets one has as much time again. */
const freshFor = 2 * hour
/** A responder with less time left answers no more. */
const leastTimeLeft = minute
const delegateForMs = minute
const missingAgainAfterMs = 5_000
const maxDelegates = 1_024

/** A CA's responder, ready to sign. */
interface Delegate {
  caId: string
  /** Of the responder's certificate: another one has answers of its own. */
  serial: string
  /** Apart from all other delegates of this thread. */
  number: number
  identifiers: readonly Uint8Array[]
  keyHash: Uint8Array
  certificates: Uint8Array
  key: ResponderKey
  notAfter: number
  readAt: number
}

/**
 * Answers for the CAs of this instance (RFC 6960, in the profile of RFC 9919): from the ledgers, signed by the CA's
 * delegate, and kept while they are fresh and nothing was revoked. One for each HTTP thread.
 */
export class OcspResponder {
  private readonly needs: OcspNeeds
  private readonly answers: OcspAnswers
  private readonly delegates = new Map<string, Delegate>()
  private readonly missing = new Map<string, number>()
  private delegatesMade = 0

  constructor(needs: OcspNeeds, answers = new OcspAnswers()) {
    this.needs = needs
    this.answers = answers
  }

  /** @param request DER. Rejects only when the data cannot be read: there is no answer then. */
  answer(caId: string, request: Uint8Array): OcspAnswer | Promise<OcspAnswer> {
    let asked: OcspRequest
    try {
      asked = parseOcspRequest(request, limits)
    } catch (error) {
      if (error instanceof X509Error) return refusal('malformedRequest')
      throw error
    }
    const delegate = this.delegates.get(caId)
    if (!delegate || !this.isUsable(delegate)) return this.answerAnew(caId, asked)
    return this.keptAnswer(delegate, asked) ?? this.answerBy(delegate, asked)
  }

  private async answerAnew(caId: string, asked: OcspRequest): Promise<OcspAnswer> {
    const delegate = await this.delegateOf(caId)
    return typeof delegate === 'string' ? refusal(delegate) : this.answerBy(delegate, asked)
  }

  /** What is kept and can be believed without a look at the ledger. */
  private keptAnswer(delegate: Delegate, { certIds, nonce }: OcspRequest): OcspAnswer | undefined {
    if (nonce !== undefined || certIds.length > 1) return undefined
    const name = nameOf(delegate, certIds[0]!)
    if (name === undefined) return refusal('unauthorized')
    const kept = this.answers.get(name)
    if (!kept || !isFresh(kept, this.needs.domainClock.now())) return undefined
    const { revocationMarks: marks } = this.needs
    const believed = kept.revoked || (marks.fresh() && kept.mark === marks.of(delegate.caId))
    return believed ? answerOf(delegate, kept, certIds) : undefined
  }

  private async answerBy(delegate: Delegate, { certIds, nonce }: OcspRequest): Promise<OcspAnswer> {
    const names = certIds.map((certId) => nameOf(delegate, certId))
    if (names.includes(undefined)) return refusal('unauthorized')
    const mark = this.needs.revocationMarks.of(delegate.caId)
    const statuses = await Promise.all(certIds.map(({ serial }) => this.statusOf(delegate.caId, serial)))
    if (statuses.includes(undefined)) return refusal('unauthorized')
    const now = Math.floor(this.needs.domainClock.now() / 1_000) * 1_000
    const shared = certIds.length === 1 && nonce === undefined
    const revoked = statuses[0]!.status === 'revoked'
    const kept = shared ? this.answers.get(names[0]!) : undefined
    if (kept && kept.revoked === revoked && isFresh(kept, now)) {
      this.answers.confirm(names[0]!, mark)
      return answerOf(delegate, kept, certIds)
    }
    const nextUpdate = Math.min(now + validFor, delegate.notAfter)
    const singles = certIds.map(({ der }, index): OcspSingle => ({
      certId: der,
      status: statuses[index]!,
      thisUpdate: now,
      nextUpdate,
    }))
    const head = signed(delegate, now, singles, nonce)
    if (!shared) {
      const body = Buffer.concat([head, delegate.certificates])
      return { error: undefined, body, serials: certIds.map(({ serial }) => serial), shared: undefined }
    }
    const answer: KeptAnswer = {
      head,
      etag: hash('sha256', head, 'hex').slice(0, 32),
      thisUpdate: now,
      nextUpdate,
      freshUntil: Math.min(now + freshFor, nextUpdate),
      mark,
      revoked,
    }
    this.answers.put(names[0]!, answer)
    return answerOf(delegate, answer, certIds)
  }

  /** Undefined for a serial that the CA has no record of. One that was revoked need not ever have been seen. */
  private async statusOf(caId: string, serial: string): Promise<OcspStatus | undefined> {
    const { revocations, ledger } = this.needs
    const revocation = await revocations.find(caId, serial)
    if (revocation) return { status: 'revoked', revokedAt: revocation.revokedAt, reason: revocation.reason }
    const issued = (await ledger.find(caId, serial)) !== undefined || (await ledger.signingIsOpen(caId, serial))
    return issued ? { status: 'good' } : undefined
  }

  private isUsable({ notAfter, readAt }: Delegate): boolean {
    const { domainClock, clock } = this.needs
    return domainClock.now() < notAfter - leastTimeLeft && clock.now() < readAt + delegateForMs
  }

  /** Reads the CA's responder, or finds that it has none: for good, or for the moment. */
  private async delegateOf(caId: string): Promise<Delegate | 'unauthorized' | 'tryLater'> {
    const { cas, responders, domainClock, clock } = this.needs
    const [ca, record] = await Promise.all([cas.findById(caId), responders.find(caId)])
    const now = domainClock.now()
    if (ca && record && now < record.notAfter - leastTimeLeft) {
      const known = this.delegates.get(caId)
      const key = known?.serial === record.serial ? known.key : this.keyOf(caId, record.sealedPrivateKey)
      if (key) {
        const delegate =
          known?.serial === record.serial ? { ...known, readAt: clock.now() } : this.made(ca, record, key)
        this.remember(delegate)
        return delegate
      }
    }
    this.delegates.delete(caId)
    const never = !ca || ca.certificate === null || ca.keyId === null || isExpired(ca, now) || ca.state === 'destroyed'
    if (never) return 'unauthorized'
    this.noteMissing(caId)
    return 'tryLater'
  }

  private made(
    ca: Ca,
    record: { serial: string; certificate: Uint8Array; notAfter: number },
    key: ResponderKey,
  ): Delegate {
    const { subjectDer, spki } = parseCertificate(ca.certificate!).tbs
    return {
      caId: ca.id,
      serial: record.serial,
      number: ++this.delegatesMade,
      identifiers: issuerIdentifiers(subjectDer, spki.keyBits),
      keyHash: parseCertificate(record.certificate).tbs.spki.keyIdentifier(),
      certificates: responderCertificates(record.certificate),
      key,
      notAfter: record.notAfter,
      readAt: this.needs.clock.now(),
    }
  }

  /** Undefined when it does not open any more, under another master key for one: a new one costs nothing. */
  private keyOf(caId: string, sealed: Uint8Array): ResponderKey | undefined {
    try {
      return openResponderKey(this.needs.sealer, caId, sealed)
    } catch (error) {
      if (error instanceof SealError) return undefined
      throw error
    }
  }

  private remember(delegate: Delegate): void {
    this.delegates.delete(delegate.caId)
    this.delegates.set(delegate.caId, delegate)
    if (this.delegates.size <= maxDelegates) return
    const [oldest] = this.delegates.keys()
    this.delegates.delete(oldest!)
  }

  private noteMissing(caId: string): void {
    const now = this.needs.clock.now()
    if (now < (this.missing.get(caId) ?? Number.NEGATIVE_INFINITY) + missingAgainAfterMs) return
    if (this.missing.size >= maxDelegates) this.missing.clear()
    this.missing.set(caId, now)
    this.needs.responderMissing(caId)
  }
}

/** Undefined for another issuer's certificate: by name, by key, or by a digest that we do not know. */
function nameOf({ number, identifiers }: Delegate, { issuer, serial }: OcspCertId): string | undefined {
  const form = identifiers.findIndex((identifier) => equalBytes(identifier, issuer))
  return form < 0 ? undefined : `${number} ${form} ${serial}`
}

const isFresh = ({ thisUpdate, freshUntil }: KeptAnswer, now: number): boolean => now < freshUntil && now >= thisUpdate

function signed(
  { keyHash, certificates, key }: Delegate,
  producedAt: number,
  singles: readonly OcspSingle[],
  nonce: Uint8Array | undefined,
): Uint8Array {
  const data = buildOcspResponseData({ responderKeyHash: keyHash, producedAt, singles, nonce })
  return ocspAnswerHead(data, 'ecdsaWithSha256', key.sign(data), certificates)
}

function answerOf({ certificates }: Delegate, kept: KeptAnswer, certIds: readonly OcspCertId[]): OcspAnswer {
  const { head, etag, thisUpdate, nextUpdate, freshUntil } = kept
  const body = Buffer.allocUnsafe(head.length + certificates.length)
  body.set(head)
  body.set(certificates, head.length)
  return {
    error: undefined,
    body,
    serials: [certIds[0]!.serial],
    shared: { etag, thisUpdate, nextUpdate, freshUntil },
  }
}

const refusal = (error: OcspError): OcspAnswer => ({ error, body: ocspErrorAnswer(error) })
