/** The command cannot be meant as it was given; nothing was sent. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The person at the terminal did not agree; nothing was done. */
export class Declined extends Error {
  override readonly name = 'Declined'
}

/** What was to be verified is not what it should be; what exactly was told before. */
export class NotVerified extends Error {
  override readonly name = 'NotVerified'
}
