/** llm.c's CPU program, built from a folder with its source that the user names; nothing of it is copied. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import type { Work } from './work.ts';

export class Llmc {
  readonly #child: Child;

  /**
   * Builds it in `scratch`, with its Makefile's flags and full vectors, and makes the work's model.
   * Throws Error with the compiler's last line when it cannot be built.
   */
  constructor(source: string, scratch: string, { model, batch }: Work, threads: number) {
    if (!existsSync(join(source, 'train_gpt2.c'))) throw new Error(`there is no train_gpt2.c in ${source}`);
    const program = join(scratch, 'llmc-turns');
    const flags = [
      '-Ofast',
      '-march=native',
      '-mprefer-vector-width=512',
      '-fno-finite-math-only',
      '-fopenmp',
      '-DOMP',
    ];
    const from = join(import.meta.dirname, 'llmc-turns.c');
    const args = [...flags, '-DTESTING', '-w', '-I', source, from, '-o', program, '-lm'];
    const built = spawnSync('cc', args, { encoding: 'utf8' });
    if (built.status !== 0)
      throw new Error(built.error?.message ?? built.stderr.trim().split('\n').at(-1) ?? 'the compiler failed');
    const { blockSize, vocabSize, layers, heads, width } = model;
    const sizes = [blockSize, vocabSize, layers, heads, width, batch].map(String);
    this.#child = new Child(program, [join(scratch, 'llmc.bin'), ...sizes], { OMP_NUM_THREADS: String(threads) });
  }

  /** Milliseconds of each of `steps` updates. */
  async turn(steps: number): Promise<number[]> {
    return ((await this.#child.ask(String(steps))) as { ms: number[] }).ms;
  }

  end(): void {
    this.#child.end();
  }
}
