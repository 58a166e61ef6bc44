/** Documents by length, as bars. */
import type { DocumentLengths } from '../../../../shared/dataset.ts';
import { formatBytes } from '../../../lib/format.ts';

export interface LengthBar {
  readonly label: string;
  readonly count: number;
  /** Of the tallest bar, 0 to 1. */
  readonly share: number;
}

/** From the first power of two that a document has to the last; the gaps between are bars of nothing. */
export function lengthBars({ histogram }: DocumentLengths): LengthBar[] {
  const first = histogram.findIndex((count) => count > 0);
  if (first < 0) return [];
  const most = Math.max(...histogram);
  return histogram
    .slice(first)
    .map((count, i) => ({ label: formatBytes(2 ** (first + i)), count, share: count / most }));
}
