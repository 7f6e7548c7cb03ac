import Type from 'typebox'
import { problem as kernelProblem } from '../kernel/index.ts'
import { PasswordError, PasswordsBusy, type Passwords } from '../keys/index.ts'
import { problem } from './problems.ts'

export const passwordInput = Type.String({ minLength: 1, maxLength: 1024 })

const busy = kernelProblem('Unavailable', { reason: 'too many passwords are being checked; try again' })

/** @throws Problem PasswordUnfit, Unavailable */
export async function hashPassword(passwords: Passwords, password: string): Promise<string> {
  try {
    return await passwords.hash(password)
  } catch (error) {
    if (error instanceof PasswordError) throw problem('PasswordUnfit', { reason: error.message })
    throw error instanceof PasswordsBusy ? busy : error
  }
}

/** @throws Problem Unavailable */
export async function isPassword(passwords: Passwords, password: string, hash: string | null): Promise<boolean> {
  try {
    return await passwords.verify(password, hash ?? undefined)
  } catch (error) {
    throw error instanceof PasswordsBusy ? busy : error
  }
}
