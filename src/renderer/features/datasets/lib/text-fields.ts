/** What a scan says of records: which fields hold text, which one was taken, and how the texts begin. */
import type { SourceReport } from '../../../../shared/dataset.ts';

/** Fields of all files together; `guessed`: the one that was taken where none was asked for. */
export function textFieldsOf({ files }: SourceReport): { names: string[]; guessed: string | null } {
  return {
    names: [...new Set(files.flatMap((file) => file.textFields ?? []))],
    guessed: files.find((file) => file.textFieldGuessed)?.textField ?? null,
  };
}

/** Whether the sources hold records, so that there is a field to choose: one that was asked for in vain included. */
export const hasRecords = ({ files, skipped }: SourceReport): boolean =>
  files.some((file) => file.textField !== undefined) || skipped.some(({ reason }) => reason.includes('its fields: '));

const shown = 6;

/** How texts begin, those of records first: their field is what can be wrong. */
export function beginningsOf({ files }: SourceReport): string[] {
  const records = files.filter((file) => file.textField !== undefined);
  const others = files.filter((file) => file.textField === undefined);
  return [...records, ...others].flatMap((file) => file.beginnings ?? []).slice(0, shown);
}
