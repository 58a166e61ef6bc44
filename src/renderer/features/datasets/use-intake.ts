/** From a drop to a report: the steps between files in the hand and the form that prepares them. */
import { useCallback, useRef, useState } from 'react';
import type { ApiError, Capabilities } from '../../../shared/api.ts';
import type { SourceReport } from '../../../shared/dataset.ts';
import { asApiError } from '../../door/errors.ts';
import { call, door } from '../../door/index.ts';
import type { UploadFile } from '../../door/upload.ts';
import { type DropEntry, entriesOf, filesBelow } from '../../lib/drop.ts';
import { t } from '../../strings.ts';

export type Intake =
  | { readonly state: 'idle' }
  | { readonly state: 'collecting' }
  | { readonly state: 'uploading'; readonly done: number; readonly total: number; readonly files: number }
  | { readonly state: 'scanning' }
  | { readonly state: 'found'; readonly sources: string[]; readonly report: SourceReport }
  | { readonly state: 'failed'; readonly error: ApiError };

export interface IntakeActions {
  readonly intake: Intake;
  drop(data: DataTransfer): void;
  files(files: UploadFile[]): void;
  /** Files and folders where they lie; `textField` as an earlier look had it. */
  sources(paths: string[], textField?: string | null): void;
  /** Looks at what was found again, with another field of its records as their text. */
  rescan(textField: string | null): Promise<void>;
  dialog(kind: 'files' | 'folder'): void;
  reset(): void;
}

/** One intake at a time; a later one, or a reset, makes an earlier one's outcome count for nothing. */
export function useIntake(capabilities: Capabilities | undefined): IntakeActions {
  const [intake, setIntake] = useState<Intake>({ state: 'idle' });
  const turn = useRef(0);

  const perform = useCallback((work: (show: (intake: Intake) => void) => Promise<void>) => {
    const mine = ++turn.current;
    const show = (next: Intake) => {
      if (turn.current === mine) setIntake(next);
    };
    work(show).catch((error) => show({ state: 'failed', error: asApiError(error) }));
  }, []);

  const scan = useCallback(
    async (sources: string[], show: (intake: Intake) => void, textField: string | null = null) => {
      show({ state: 'scanning' });
      const report = await call('datasets.scan', { sources, textField });
      show({ state: 'found', sources, report });
    },
    [],
  );

  const upload = useCallback(
    async (files: UploadFile[], show: (intake: Intake) => void) => {
      if (files.length === 0) {
        show({
          state: 'failed',
          error: { code: 'empty', message: t.datasets.drop.nothing, next: t.datasets.drop.nothingNext },
        });
        return;
      }
      const progress = (done: number, total: number) => show({ state: 'uploading', done, total, files: files.length });
      progress(
        0,
        files.reduce((sum, { file }) => sum + file.size, 0),
      );
      await scan(await door.upload(files, progress), show);
    },
    [scan],
  );

  const drop = useCallback(
    (data: DataTransfer) => {
      // Both must be read before the first wait: the browser empties the drop when its event ends.
      const paths = capabilities?.paths ? Array.from(data.files, (file) => door.pathOf(file)) : [];
      const entries: DropEntry[] = entriesOf(data);
      const files = Array.from(data.files, (file) => ({ name: file.name, file }));
      perform(async (show) => {
        if (paths.length > 0 && paths.every((path) => path !== null)) {
          await scan(paths, show);
          return;
        }
        show({ state: 'collecting' });
        // Where the browser gives no entries there are no folders either.
        await upload(entries.length > 0 ? await filesBelow(entries) : files, show);
      });
    },
    [capabilities, perform, scan, upload],
  );

  const files = useCallback((chosen: UploadFile[]) => perform((show) => upload(chosen, show)), [perform, upload]);

  const sources = useCallback(
    (paths: string[], textField: string | null = null) => perform((show) => scan(paths, show, textField)),
    [perform, scan],
  );

  const dialog = useCallback(
    (kind: 'files' | 'folder') =>
      perform(async (show) => {
        const chosen = await call('dialog.open', { kind });
        if (chosen.length > 0) await scan(chosen, show);
      }),
    [perform, scan],
  );

  const reset = useCallback(() => {
    turn.current++;
    setIntake({ state: 'idle' });
  }, []);

  const rescan = useCallback(
    async (textField: string | null) => {
      if (intake.state !== 'found') return;
      const mine = turn.current;
      const report = await call('datasets.scan', { sources: intake.sources, textField });
      if (turn.current === mine) setIntake({ ...intake, report });
    },
    [intake],
  );

  return { intake, drop, files, sources, rescan, dialog, reset };
}
