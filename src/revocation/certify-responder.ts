import { createHash } from 'node:crypto'
import { day, hour, minute, newSerial, newUuid, problemsOf, type Clock, type Committer } from '../kernel/index.ts'
import { caAbilities, caProblems, chainAbove, keyOf, type Ca, type CaStore } from '../ca/index.ts'
import { issuerFrom, responderExtensions, signResponder, subjectOf, type IssuanceLedger } from '../issuance/index.ts'
import { generateExportableKey, sealResponderKey, type KeyProvider, type KeyStore, type Sealer } from '../keys/index.ts'
import { parseSpki } from '../x509/index.ts'
import { crlHash } from './crl-hash.ts'
import type { ResponderStore } from './store.ts'

export interface ResponderNeeds {
  cas: CaStore
  keyStore: KeyStore
  keys: KeyProvider
  ledger: IssuanceLedger
  responders: ResponderStore
  sealer: Sealer
  committer: Committer
  domainClock: Clock
  /** Called after each durable step with its name: where a crash can be tried (docs/issuance.md). */
  step: (name: string) => void
}

/** Nobody asks whether a responder's certificate is revoked (ocsp-nocheck), so it does not live long. */
const validFor = 7 * day
const renewEvery = 3 * day
/** Clients' clocks are a little late at times. */
const backdate = 5 * minute

/**
 * Sees to it that a CA has a responder with time left: a new key, certified by the CA (RFC 6960 §4.2.2.2). It goes on
 * while the CA waits for its day. A crash leaves a signing of a certificate that nobody has seen, for a key that is gone.
 * @param until the last one, made by the procedure of the day: certified to this instant, the CA's end at the latest
 * @returns when it is due again (domain clock); undefined when the CA can have none
 */
export async function certifyResponder(
  deps: ResponderNeeds,
  caId: string,
  until?: number,
): Promise<number | undefined> {
  const ca = await deps.cas.findById(caId)
  const now = deps.domainClock.now()
  if (!ca || ca.certificate === null || ca.keyId === null || ca.notAfter! <= now) return undefined
  if (until === undefined && !caAbilities[ca.state].publishCrl) return undefined
  const notAfter = wholeSeconds(Math.min(until ?? now + validFor, ca.notAfter!))
  const known = await deps.responders.find(ca.id)
  const enough = Math.min(notAfter, until ?? now + validFor - renewEvery + hour)
  if (!known || known.notAfter < enough) await issue(deps, ca, now, notAfter)
  return until === undefined ? Math.min(now + renewEvery, Math.max(ca.notAfter!, now + hour)) : undefined
}

async function issue(deps: ResponderNeeds, ca: Ca, now: number, notAfter: number): Promise<void> {
  const key = await keyOf(ca, deps.keyStore, 'certifying its OCSP responder')
  const issuer = issuerFrom(ca.id, key, ca.certificate!, await chainAbove(ca, deps.cas))
  const { spki, pkcs8 } = await generateExportableKey('p256')
  try {
    const serial = newSerial()
    const { certificate, signing } = await signResponder(deps, {
      issuer,
      hash: crlHash(ca),
      serial,
      now,
      certificate: {
        serial,
        notBefore: wholeSeconds(Math.max(now - backdate, issuer.certificate.tbs.notBefore)),
        notAfter,
        // Under the names of the CA, so that constraints on names that hold for what it issues hold here.
        subject: subjectOf({ ...ca.subject, commonName: `OCSP ${newUuid()}` }).der,
        spki,
        extensions: responderExtensions(parseSpki(spki), issuer),
      },
    })
    deps.step('ocsp-responder.signing-noted')
    const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
    await deps.committer.commit([
      // On the day the key goes: whoever was late signs for nobody.
      deps.cas.unchanged(ca, changed),
      ...deps.ledger.record(
        {
          caId: ca.id,
          serial,
          kind: 'responder',
          notAfter,
          certificateSha256: sha256(certificate),
          spkiSha256: sha256(spki),
          issuedAt: now,
        },
        { crlUrl: null },
        changed,
      ),
      deps.ledger.done(signing.id),
      deps.responders.replace({
        caId: ca.id,
        serial,
        notAfter,
        certificate,
        sealedPrivateKey: sealResponderKey(deps.sealer, ca.id, pkcs8),
        issuedAt: now,
      }),
    ])
    deps.step('ocsp-responder.certified')
  } finally {
    pkcs8.fill(0)
  }
}

const changed = problemsOf(caProblems)('CaChanged')

const wholeSeconds = (ms: number): number => Math.floor(ms / 1_000) * 1_000
