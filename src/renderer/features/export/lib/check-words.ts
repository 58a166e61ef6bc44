/** What the check of a written model found. */

import { lossTolerance, type WrittenCheck } from '../../../../shared/averages.ts';
import type { ExportDType } from '../../../../shared/export-layouts.ts';
import { formatCount } from '../../../lib/format.ts';

/** same: to float32's own rounding; rounded: by no more than the dtype may; moved: by more. */
export type LossWord = 'same' | 'rounded' | 'moved';

export function checkWords(
  check: WrittenCheck,
  format: ExportDType,
): { weights: string | null; loss: LossWord | null } {
  const { loss, weights } = check;
  const by = loss === null ? 0 : Math.abs(loss.written - loss.source);
  const word = by <= lossTolerance.float32 ? 'same' : by <= lossTolerance[format] ? 'rounded' : 'moved';
  return { weights: weights === null ? null : formatCount(weights), loss: loss === null ? null : word };
}
