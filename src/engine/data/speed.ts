/** How fast this machine turns text into GPT-2's tokens. */
import { readFile } from 'node:fs/promises';
import { gpt2Tokenizer } from './tokenizers/gpt2.ts';

/** Of each file; few files at a time are in memory. */
const pieceBytes = 1 << 16;

/**
 * Tokenises pieces of the files in turn for about `seconds`, each piece once as a preparation would, so that its words
 * are met for the first time as often as there. One thread. @throws Error when the files hold no text
 */
export async function tokenizingSpeed(
  paths: readonly string[],
  seconds: number,
): Promise<{ bytesPerSecond: number; bytesPerToken: number }> {
  const encoder = await gpt2Tokenizer();
  const texts: Uint8Array[] = [];
  for (const path of paths) {
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at += pieceBytes)
      texts.push(Buffer.from(bytes.subarray(at, at + pieceBytes).toString()));
  }
  if (texts.length === 0) throw new Error('there is no text to time the tokenizer on');
  let bytes = 0;
  let tokens = 0;
  let i = 0;
  const start = performance.now();
  do {
    const text = texts[i++ % texts.length];
    bytes += text.length;
    tokens += encoder.encodeBytes(text).length;
  } while (performance.now() - start < seconds * 1000 && i < texts.length);
  return { bytesPerSecond: bytes / ((performance.now() - start) / 1000), bytesPerToken: bytes / tokens };
}
