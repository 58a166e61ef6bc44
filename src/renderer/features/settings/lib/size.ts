/** Sizes on disk as people type them. */
import { formatBytes } from '../../../lib/format.ts';

const units: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 };

/** '20 GB' → 2e10; '' → null: no size; NaN for what is none. Decimal units, as file managers have them. */
export function parseSize(text: string): number | null {
  if (text.trim() === '') return null;
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgt]?b?)\s*$/i.exec(text);
  if (!match) return Number.NaN;
  const unit = match[2].toLowerCase();
  const bytes = Math.round(
    Number(match[1].replace(',', '.')) * units[unit.length === 1 && unit !== 'b' ? `${unit}b` : unit],
  );
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : Number.NaN;
}

/** The size for a field: read back, it is the same. */
export function sizeText(bytes: number | null): string {
  if (bytes === null) return '';
  const short = formatBytes(bytes);
  return parseSize(short) === bytes ? short : String(bytes);
}
