import Type, { type Static } from 'typebox'

/** The clouds' limits. */
export const keepDaysInput = Type.Integer({ minimum: 7, maximum: 30 })

/** `runOut`: what the CA issued stays valid until it expires; `revokeAll`: all of it is on the final CRL. */
export const dispositionInput = Type.Enum(['runOut', 'revokeAll'])
export type Disposition = Static<typeof dispositionInput>
