/** Lines of metrics.jsonl on their way to disk: told to listeners at once, appended in groups. */
import type { MetricsLine } from '../../shared/metrics.ts';

/** Lines wait at most this long, in milliseconds, before they are appended. */
const patience = 500;

export class Journal {
  #lines: MetricsLine[] = [];
  #oldest = 0;
  readonly #append: (lines: MetricsLine[]) => Promise<void>;
  readonly #tell: (line: MetricsLine) => void;

  constructor(append: (lines: MetricsLine[]) => Promise<void>, tell: (line: MetricsLine) => void) {
    this.#append = append;
    this.#tell = tell;
  }

  add(line: MetricsLine): void {
    if (this.#lines.length === 0) this.#oldest = performance.now();
    this.#lines.push(line);
    this.#tell(line);
  }

  get due(): boolean {
    return this.#lines.length > 0 && performance.now() - this.#oldest > patience;
  }

  /** Appends what waits. Lines stay when it fails. */
  async flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = [...this.#lines];
    await this.#append(lines);
    this.#lines.splice(0, lines.length);
  }
}

/** JSON has no NaN or infinity. */
export const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
