/** PyTorch in a process of its own. */
import { join } from 'node:path';
import { Child } from './child.ts';
import type { Work } from './work.ts';

/** How PyTorch computes: float32 or bfloat16 autocast, as written or through torch.compile. */
export const torchWays = ['f32', 'bf16', 'f32_compiled', 'bf16_compiled'] as const;
export type TorchWay = (typeof torchWays)[number];

export class Torch {
  readonly #child: Child;

  /** `python` has to have PyTorch; whether it has is seen at the first `load`. `cache`: for what is compiled. */
  constructor(python: string, threads: number, cache: string) {
    // OpenMP reads its number of threads when it is loaded.
    const env = { OMP_NUM_THREADS: String(threads), TORCHINDUCTOR_CACHE_DIR: cache };
    this.#child = new Child(python, [join(import.meta.dirname, 'rival.py')], env);
  }

  /** Makes the work's model; returns PyTorch's version. Throws Error with Python's last line when there is none. */
  async load({ model, batch }: Work, threads: number): Promise<string> {
    const { blockSize, vocabSize, layers, heads, width, dropout } = model;
    const load = { blockSize, vocabSize, layers, heads, width, dropout, batch };
    return ((await this.#child.ask(JSON.stringify({ load, threads }))) as { torch: string }).torch;
  }

  /** Milliseconds of each of `steps` updates. */
  async turn(steps: number, way: TorchWay): Promise<number[]> {
    return ((await this.#child.ask(JSON.stringify({ turn: steps, way }))) as { ms: number[] }).ms;
  }

  end(): void {
    this.#child.end();
  }
}
