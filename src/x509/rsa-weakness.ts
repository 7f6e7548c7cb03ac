/** Odd primes below 752, as CABF BR §6.1.6 (NIST SP 800-89 §5.3.3) wants them tried. */
const smallPrimes = primesBelow(752)
const smallPrimorial = smallPrimes.reduce((product, p) => product * BigInt(p), 1n)
const rocaPrimorial = primesBelow(168).reduce((product, p) => product * BigInt(p), 1n)

/**
 * For each prime p: which residues are powers of 65537 mod p. Primes of which all residues are tell nothing and are
 * left out.
 */
const rocaResidues = primesBelow(168)
  .map((p) => ({ p: BigInt(p), powers: powersOf65537(p) }))
  .filter(({ p, powers }) => powers.size < Number(p) - 1)

const fermatRounds = 100n

/** True if the modulus is even or divisible by a prime below 752. */
export function hasSmallFactor(n: bigint): boolean {
  if ((n & 1n) === 0n) return true
  const rest = n % smallPrimorial
  return smallPrimes.some((p) => rest % BigInt(p) === 0n)
}

/**
 * CVE-2017-15361: primes of the flawed generator are k·M + (65537^a mod M), so that the modulus is a power of 65537
 * modulo each prime of M. A random modulus passes for such with a chance of about 2^-28 (Nemec et al., CCS 2017,
 * §3.1).
 */
export function isRocaFingerprint(n: bigint): boolean {
  const rest = n % rocaPrimorial
  return rocaResidues.every(({ p, powers }) => powers.has(Number(rest % p)))
}

/** CABF BR §6.1.1.3: 100 rounds of Fermat's method find the factors (CVE-2022-26320). */
export function hasClosePrimes(n: bigint): boolean {
  let a = squareRoot(n)
  if (a * a === n) return true
  a += 1n
  let square = a * a - n
  for (let round = 0n; round < fermatRounds; round++) {
    if (isSquare(square)) return true
    square += 2n * a + 1n
    a += 1n
  }
  return false
}

/** Largest integer whose square is not above n: half the digits by recursion, then one Newton step. */
function squareRoot(n: bigint): bigint {
  if (n < 1n << 52n) {
    return BigInt(Math.floor(Math.sqrt(Number(n))))
  }
  const shift = BigInt(n.toString(16).length) & ~1n
  const high = squareRoot(n >> shift)
  let root = (high + 1n) << (shift / 2n)
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

const squaresMod256 = residuesOfSquares(256)
const squaresModOdd = residuesOfSquares(45_045)

function isSquare(n: bigint): boolean {
  if (squaresMod256[Number(n & 0xffn)] === 0 || squaresModOdd[Number(n % 45_045n)] === 0) return false
  const root = squareRoot(n)
  return root * root === n
}

function residuesOfSquares(modulus: number): Uint8Array {
  const squares = new Uint8Array(modulus)
  for (let i = 0; i < modulus; i++) squares[(i * i) % modulus] = 1
  return squares
}

function powersOf65537(p: number): Set<number> {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * 65_537) % p) powers.add(power)
  return powers
}

function primesBelow(limit: number): number[] {
  const primes: number[] = []
  for (let n = 3; n < limit; n += 2) if (primes.every((p) => n % p !== 0)) primes.push(n)
  return primes
}
