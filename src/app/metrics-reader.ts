/** Reads a growing metrics.jsonl into columns: what was read once is not read again. */
import { open } from 'node:fs/promises';
import { parseMetricsLine } from '../shared/metrics.ts';
import { RunSeries } from '../shared/series.ts';
import { readTrainLine, trainValues } from './train-line.ts';

/** Bytes between breaths: a few milliseconds of work, so that a window that shares this thread goes on moving. */
const chunkBytes = 1024 * 1024;
/** No line that Meander writes comes near; a longer one is not of a run's metrics. */
const lineLimit = 16 * 1024 * 1024;
const newline = 10;

export class MetricsReader {
  readonly #path: string;
  #series = new RunSeries();
  #offset = 0;
  #inode = 0;
  #reading: Promise<RunSeries> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** The run as readers see it: resumes applied, torn and foreign lines left out. Not to be changed by the caller. */
  read(): Promise<RunSeries> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOn(): Promise<RunSeries> {
    const file = await open(this.#path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return this.#restart();
    try {
      const { size, ino } = await file.stat();
      if (size < this.#offset || ino !== this.#inode) this.#restart();
      this.#inode = ino;
      let buffer = Buffer.allocUnsafe(Math.min(chunkBytes, size - this.#offset));
      /** Bytes of a line whose end has not come. */
      let kept = 0;
      let position = this.#offset;
      let skipping = false;
      while (position < size) {
        if (kept > lineLimit) {
          skipping = true;
          kept = 0;
        }
        if (kept === buffer.length) buffer = Buffer.concat([buffer], 2 * kept);
        const wanted = Math.min(buffer.length - kept, size - position);
        const { bytesRead } = await file.read(buffer, kept, wanted, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        const filled = kept + bytesRead;
        const end = buffer.subarray(0, filled).lastIndexOf(newline) + 1;
        this.#take(buffer, skipping ? buffer.indexOf(newline) + 1 : 0, end);
        if (end > 0) skipping = false;
        buffer.copyWithin(0, end, filled);
        kept = filled - end;
      }
      // A line without its end is read again next time: it may be torn, or on its way.
      this.#offset = position - kept;
      return this.#series;
    } finally {
      await file.close();
    }
  }

  #take(bytes: Buffer, from: number, end: number): void {
    for (let start = from; start < end; ) {
      const stop = bytes.indexOf(newline, start);
      if (readTrainLine(bytes, start, stop)) {
        const v = trainValues;
        this.#series.pushTrain(v[0], v[1], v[2], v[3], v[4], v[5]);
      } else if (stop > start) {
        const line = parseMetricsLine(bytes.toString('utf8', start, stop));
        if (line) this.#series.push(line);
      }
      start = stop + 1;
    }
  }

  #restart(): RunSeries {
    this.#series = new RunSeries();
    this.#offset = 0;
    return this.#series;
  }
}
