/** Numbers as pages write them. Widths are steady: digits after the point do not come and go. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const minus = '−';

/** 1234567 → 1,234,567 */
export const formatCount = (n: number): string => whole.format(n);

/** 124439808 → 124.4 M; below 10,000 as it is. */
export function formatShort(n: number): string {
  const units = ['', ' k', ' M', ' B', ' T'];
  if (Math.abs(n) < 10_000) return formatCount(n);
  let unit = 0;
  let value = n;
  while (Math.abs(value) >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value >= 100 ? 0 : 1)}${units[unit]}`;
}

/** Decimal units, as file managers have them. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** A loss in nats; null stands for one that is not finite. */
export const formatLoss = (loss: number | null | undefined): string =>
  loss === undefined ? '–' : loss === null || !Number.isFinite(loss) ? 'not finite' : loss.toFixed(4);

/** With its sign and a true minus. */
export function formatSigned(value: number, digits = 4): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? minus : '+'}${text}`;
}

/** 3725 → 1 h 02 min */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const pad = (n: number) => String(n).padStart(2, '0');
  if (s < 3600) return `${Math.floor(s / 60)} min ${pad(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${pad(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${pad(Math.floor((s % 86_400) / 3600))} h`;
}

export const formatPercent = (share: number, digits = 0): string => `${(100 * share).toFixed(digits)}%`;

/** A share that may be tiny: never "0%" for something that is not zero. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.001) return 'under 0.1%';
  return share < 0.1 ? formatPercent(share, 1) : formatPercent(share);
}

/** Passes over a text: 0.43, 2.50, 1,204. */
export function formatEpochs(n: number): string {
  if (n > 0 && n < 0.005) return '< 0.01';
  return n < 10 ? n.toFixed(2) : formatCount(n);
}

/** Settings as people write them: 3e-4, 0.1, 1.25e-9. */
export function formatSetting(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.01) return value.toExponential().replace('e-0', 'e-');
  return String(value);
}

/** 4 minutes ago, yesterday, 3 Mar 2026 */
export function formatWhen(iso: string, now: Date): string {
  const then = new Date(iso);
  const seconds = (now.getTime() - then.getTime()) / 1000;
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 60) return 'just now';
  const plural = (n: number, unit: string) => `${n} ${unit}${n === 1 ? '' : 's'} ago`;
  if (seconds < 3600) return plural(Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return plural(Math.floor(seconds / 3600), 'hour');
  if (seconds < 7 * 86_400) return plural(Math.floor(seconds / 86_400), 'day');
  return then.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

const suffixes: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9 };

/** What was typed into a number field: 3e-4, 10,000, 10k, 1.5M. NaN for anything else. */
export function parseNumber(text: string): number {
  const match = /^\s*([-−]?(?:\d{1,3}(?:[,_ ]\d{3})+|\d+)?(?:\.\d*)?(?:e[-+−]?\d+)?)\s*([kmb])?\s*$/i.exec(text);
  if (!match || !/\d/.test(match[1])) return Number.NaN;
  const digits = match[1].replaceAll('−', '-').replace(/[,_ ]/g, '');
  return Number(digits) * (match[2] ? suffixes[match[2].toLowerCase()] : 1);
}
