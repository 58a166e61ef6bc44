/** A rival in a process of its own: one request a line in, one JSON object a line out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Child {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #errors = '';

  constructor(command: string, args: readonly string[], env: Record<string, string>) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child.stderr!.on('data', (chunk) => {
      this.#errors = (this.#errors + chunk).slice(-20_000);
    });
    this.#child.on('error', (error) => {
      this.#errors += error.message;
    });
    this.#child.stdin!.on('error', () => {});
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Lines that are no JSON object are the program's own words. Throws Error with what it says went wrong. */
  async ask(request: string): Promise<unknown> {
    this.#child.stdin!.write(`${request}\n`);
    for (;;) {
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(this.#errors.trim().split('\n').at(-1) || 'it ended without a word');
      if (!value.startsWith('{')) continue;
      const answer = JSON.parse(value) as { error?: string };
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    }
  }

  end(): void {
    this.#child.stdin!.end();
    this.#child.kill();
  }
}
