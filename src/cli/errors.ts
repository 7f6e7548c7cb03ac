/** The command cannot be meant as it was given; nothing was sent. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The person at the terminal did not agree; nothing was done. */
export class Declined extends Error {
  override readonly name = 'Declined'
}
