/** Progress, tables and numbers on a terminal. Results go to standard output, everything else to standard error. */
import type { Progress } from '../shared/jobs.ts';

const interactive = process.stderr.isTTY === true;
/** Seconds between progress lines where no line can be redrawn. */
const plainInterval = 5;

export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.round((seconds % 3600) / 60)).padStart(2, '0')} min`;
}

export function count(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return String(Math.round(value));
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  return `${power === 0 ? value : (value / 1000 ** power).toFixed(1)} ${units[power]}`;
}

/** One line that is redrawn on a terminal and printed now and then elsewhere. */
export class ProgressLine {
  private shown = false;
  private last = 0;
  private readonly label: string;

  constructor(label: string) {
    this.label = label;
  }

  update(progress: Progress, loss: number | null): void {
    const now = performance.now() / 1000;
    if (now - this.last < (interactive ? 0.1 : plainInterval)) return;
    this.last = now;
    const share = progress.total > 0 ? progress.done / progress.total : 0;
    const filled = Math.round(share * 24);
    const unit = progress.unit === 'bytes' ? bytes : count;
    const parts = [
      `${this.label.padEnd(9)} ${'█'.repeat(filled)}${'░'.repeat(24 - filled)} ${String(Math.floor(share * 100)).padStart(3)}%`,
      `${unit(progress.done)}/${unit(progress.total)}${progress.unit === 'steps' ? ' steps' : ''}`,
      loss === null ? null : `loss ${loss.toFixed(3)}`,
      progress.rate === null
        ? null
        : progress.unit === 'bytes'
          ? `${bytes(progress.rate)}/s`
          : `${count(progress.rate)} tokens/s`,
      progress.secondsLeft === null ? null : `${duration(progress.secondsLeft)} left`,
      progress.phase === 'training' || progress.phase === 'reading' ? null : progress.phase,
      progress.reason,
    ];
    const line = parts.filter((part) => part !== null).join('  ');
    if (interactive) process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 120) - 1)}`);
    else process.stderr.write(`${line}\n`);
    this.shown = true;
  }

  end(): void {
    if (interactive && this.shown) process.stderr.write('\r\x1b[2K');
  }
}

/** Columns aligned to their widest cell; numbers to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly boolean[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd();
  return [
    line(rows[0]),
    widths
      .map((w) => '─'.repeat(w))
      .join('  ')
      .trimEnd(),
    ...rows.slice(1).map(line),
  ].join('\n');
}

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
