/** PyTorch in a process of its own, asked line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Work } from './work.ts';

export type Precision = 'f32' | 'bf16';

export class Rival {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #errors = '';

  /** `python` has to have PyTorch; whether it has is seen at the first `load`. */
  constructor(python: string, threads: number) {
    // OpenMP reads its number of threads when it is loaded.
    const env = { ...process.env, OMP_NUM_THREADS: String(threads) };
    this.#child = spawn(python, [join(import.meta.dirname, 'rival.py')], { stdio: ['pipe', 'pipe', 'pipe'], env });
    this.#child.stderr!.on('data', (chunk) => {
      this.#errors += chunk;
    });
    this.#child.on('error', (error) => {
      this.#errors += error.message;
    });
    this.#child.stdin!.on('error', () => {});
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Makes the work's model; returns PyTorch's version. Throws Error with Python's last line when there is none. */
  async load({ model, batch }: Work, threads: number): Promise<string> {
    const { blockSize, vocabSize, layers, heads, width, dropout } = model;
    const load = { blockSize, vocabSize, layers, heads, width, dropout, batch };
    return ((await this.#ask({ load, threads })) as { torch: string }).torch;
  }

  /** Milliseconds of each of `steps` updates. */
  async turn(steps: number, precision: Precision): Promise<number[]> {
    return ((await this.#ask({ turn: steps, precision })) as { ms: number[] }).ms;
  }

  async #ask(request: object): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(this.#errors.trim().split('\n').at(-1) || 'Python ended without a word');
    return JSON.parse(value);
  }

  end(): void {
    this.#child.stdin!.end();
    this.#child.kill();
  }
}
