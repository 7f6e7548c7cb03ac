/** Smaller ones may share their memory with others, and are not worth it. */
const leastBytes = 65_536

/**
 * Gives the memory of a large buffer back now, and not when the collector comes by: it counts what lies outside of the
 * heap late, so that whoever handles tens of megabytes in pieces would hold most of them. Nobody may look at the bytes
 * any more. Does nothing to a buffer that is a part of a larger one.
 */
export function freeBytes(bytes: Uint8Array | undefined): void {
  if (!bytes || bytes.byteLength < leastBytes) return
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength < bytes.byteLength * 2) buffer.transfer(0)
}
