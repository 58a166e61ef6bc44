/** What a preparation is given beside what it prepares: whom it tells how far it is, and its limits. */
import type { TextWindow } from './readers/window.ts';
import { textWindow } from './readers/window.ts';

export interface PrepareHooks {
  /**
   * Bytes of the sources. The passes before the tokens are written read them too: each counts a tenth, so
   * `done` goes up evenly and ends at `total`.
   */
  onProgress(done: number, total: number): void;
  /** Ends the preparation where it can go on; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface PrepareLimits {
  /** Tokens of a training shard. */
  readonly shardTokens: number;
  /** Bytes of text between two entries of the journal. */
  readonly journalBytes: number;
  readonly window: TextWindow;
  /** Threads that encode; null: what the machine has and the text is worth. They change nothing of what is written. */
  readonly threads: number | null;
}
export const prepareLimits: PrepareLimits = {
  shardTokens: 100_000_000,
  journalBytes: 1 << 25,
  window: textWindow,
  threads: null,
};

/** Spreads passes over one range of bytes. */
export class Progress {
  /** Bytes of all sources. */
  readonly total: number;
  readonly #report: PrepareHooks['onProgress'];
  #start = 0;
  #share = 0;
  #read = 0;

  constructor(total: number, report: PrepareHooks['onProgress']) {
    this.total = total;
    this.#report = report;
  }

  /** Share of the last pass that is done, 0 to 1. */
  get share(): number {
    return this.total === 0 ? 1 : this.#read / this.total;
  }

  /** Begins a pass that takes this share of the range. What it gives is told the bytes of the sources that were read. */
  pass(share: number): (bytes: number) => void {
    this.#start += this.#share;
    this.#share = share;
    this.#read = 0;
    return (bytes) => {
      this.#read = Math.min(this.#read + bytes, this.total);
      this.#report(Math.round((this.#start + this.#share * this.share) * this.total), this.total);
    };
  }

  /** Begins a pass that takes what is left, but for a share that is kept for later passes. */
  rest(kept = 0): (bytes: number) => void {
    return this.pass(1 - this.#start - this.#share - kept);
  }

  finish(): void {
    this.#report(this.total, this.total);
  }
}
