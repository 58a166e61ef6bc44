/** Values of a configuration as a table shows them. */
import { formatCount, formatSetting } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

const texts = t.compare.difference;

/** A leaf of a configuration in words: numbers to six digits, a folder by its name; null is a field that is not there. */
export function valueText(field: string, value: string | null): string {
  if (value === null) return '–';
  if (value === 'null') return texts.open;
  if (value === 'true') return texts.yes;
  if (value === 'false') return texts.no;
  if (field === 'dataset' || field.endsWith('.dataset')) return value.split(/[\\/]/).filter(Boolean).at(-1) ?? value;
  if (field === 'seed' || !/^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(value))
    return value.replace(/\d+\.\d{5,}/g, (digits) => String(Number(Number(digits).toPrecision(6))));
  const number = Number(value);
  return Number.isInteger(number) ? formatCount(number) : formatSetting(Number(number.toPrecision(6)));
}
