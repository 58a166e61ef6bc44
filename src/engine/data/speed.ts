/** How fast this machine turns text into a dataset of GPT-2's tokens. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareConfig } from '../../shared/dataset.ts';
import { prepareDataset } from './prepare.ts';

/** The first is slower: code and tokenizer are loaded in it. */
const rounds = 2;

/**
 * Prepares the files as a preparation would, twice, in a temporary folder that is removed; the faster one counts.
 * @throws UserError as `prepareDataset`
 */
export async function preparingSpeed(
  sources: readonly string[],
  signal: AbortSignal,
): Promise<{ bytesPerSecond: number; bytesPerToken: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'meander-speed-'));
  try {
    const config = prepareConfig.parse({ name: 'speed', sources: [...sources], tokenizer: 'gpt2' });
    let best = { bytesPerSecond: 0, bytesPerToken: 0 };
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      const { train, val } = await prepareDataset(join(folder, String(round)), config, {
        onProgress: () => {},
        signal,
      });
      const bytesPerSecond = (train.bytes + val.bytes) / ((performance.now() - start) / 1000);
      const bytesPerToken = (train.bytes + val.bytes) / (train.tokens + val.tokens);
      if (bytesPerSecond > best.bytesPerSecond) best = { bytesPerSecond, bytesPerToken };
    }
    return best;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
