import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';

/** A worker that prints in a loop must not fill the disk. */
export const logLimit = 4 * 1024 * 1024;

/** The log of a run: what its workers printed. Past the limit the older half goes. */
export class LogFile {
  readonly path: string;
  readonly #limit: number;
  #size: number;

  constructor(path: string, limit = logLimit) {
    this.path = path;
    this.#limit = limit;
    this.#size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Never throws: a log that cannot be written must not end the job. */
  append(text: string | Uint8Array): void {
    try {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text;
      appendFileSync(this.path, bytes);
      this.#size += bytes.length;
      if (this.#size > this.#limit) this.#halve();
    } catch {
      // A full disk or a folder that is gone.
    }
  }

  #halve(): void {
    const all = readFileSync(this.path);
    const half = all.subarray(all.length - Math.floor(this.#limit / 2));
    const lineStart = half.indexOf(10) + 1;
    const kept = Buffer.concat([Buffer.from('… older lines were cut\n'), half.subarray(lineStart)]);
    writeFileSync(this.path, kept);
    this.#size = kept.length;
  }
}
