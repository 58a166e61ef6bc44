/** What to lower, in words. */
import type { Relief } from '../../../../shared/estimate.ts';
import { formatBytes, formatCount } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

export function reliefText({ change, total }: Relief, of: 'memory' | 'disk'): string {
  const texts = t.newRun.resources.relief;
  const need = formatBytes(total);
  switch (change.kind) {
    case 'micro-batch':
      return texts.microBatch(formatCount(change.microBatch), formatCount(change.accumulation), need);
    case 'window':
      return texts.window(change.id, formatCount(change.k), need);
    case 'keep-every':
      return texts.keepEvery(need);
    case 'keep-last':
      return texts.keepLast(formatCount(change.keepLast), need);
    case 'model':
      return of === 'memory' ? texts.memoryModel : texts.diskModel;
  }
}
