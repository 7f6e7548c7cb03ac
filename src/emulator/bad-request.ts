/** What a control call asks for cannot be done; the message says what is wanted. */
export class BadRequest extends Error {}
