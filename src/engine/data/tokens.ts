/** Token files: uint16 or uint32, little-endian, no header (nanoGPT's). */
import type { DatasetMeta } from '../../shared/dataset.ts';

export type TokenType = DatasetMeta['dtype'];
export const tokenBytes = (dtype: TokenType) => (dtype === 'uint16' ? 2 : 4);

/** The narrowest type that holds every id of a vocabulary. */
export const tokenType = (vocabSize: number): TokenType => (vocabSize <= 65536 ? 'uint16' : 'uint32');

/** Why a nanoGPT file of this size cannot be whole, or null. */
export function tokenFileProblem(bytes: number): string | null {
  if (bytes === 0) return 'it is empty';
  return bytes % 2 === 0 ? null : `${bytes} bytes are no whole number of 2-byte tokens; the file is cut short`;
}

/** A view of bytes (aligned, as Buffer.alloc or an ArrayBuffer gives them) as tokens. */
export function asTokens(buffer: ArrayBuffer, count: number, dtype: TokenType): Uint16Array | Uint32Array {
  return dtype === 'uint16' ? new Uint16Array(buffer, 0, count) : new Uint32Array(buffer, 0, count);
}
