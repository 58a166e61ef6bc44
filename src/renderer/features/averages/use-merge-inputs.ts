/** Foreign models on their way into a list: dropped, chosen in a dialog, or named by their path. */
import { useCallback, useRef, useState } from 'react';
import type { ApiError, Capabilities } from '../../../shared/api.ts';
import { asApiError, DoorError } from '../../door/errors.ts';
import { call, door } from '../../door/index.ts';
import type { UploadFile } from '../../door/upload.ts';
import { entriesOf, filesBelow } from '../../lib/drop.ts';
import { t } from '../../strings.ts';
import { moved, withInputs } from './lib/merge-inputs.ts';

const texts = t.averages.merge;

export type Arriving =
  | { readonly state: 'idle' }
  | { readonly state: 'collecting' }
  | { readonly state: 'uploading'; readonly done: number; readonly total: number }
  | { readonly state: 'failed'; readonly error: ApiError };

export interface MergeInputs {
  /** Paths, oldest first. */
  readonly inputs: readonly string[];
  readonly arriving: Arriving;
  add(paths: readonly string[]): void;
  move(index: number, by: -1 | 1): void;
  remove(path: string): void;
  clear(): void;
  drop(data: DataTransfer): void;
  upload(files: UploadFile[]): void;
  dialog(kind: 'files' | 'folder'): void;
}

export function useMergeInputs(capabilities: Capabilities | undefined): MergeInputs {
  const [inputs, setInputs] = useState<readonly string[]>([]);
  const [arriving, setArriving] = useState<Arriving>({ state: 'idle' });
  const turn = useRef(0);

  const add = useCallback((paths: readonly string[]) => setInputs((before) => withInputs(before, paths)), []);

  /** One arrival at a time shows how far it is; what an earlier one brought still counts. */
  const perform = useCallback(
    (work: (show: (state: Arriving) => void) => Promise<readonly string[]>) => {
      const mine = ++turn.current;
      const show = (state: Arriving) => {
        if (turn.current === mine) setArriving(state);
      };
      work(show).then(
        (paths) => {
          add(paths);
          show({ state: 'idle' });
        },
        (error) => show({ state: 'failed', error: asApiError(error) }),
      );
    },
    [add],
  );

  const send = useCallback(async (files: UploadFile[], show: (state: Arriving) => void) => {
    if (files.length === 0) throw new DoorError({ code: 'empty', message: texts.nothing, next: texts.nothingNext });
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    show({ state: 'uploading', done: 0, total });
    return door.upload(files, (done) => show({ state: 'uploading', done, total }));
  }, []);

  const drop = useCallback(
    (data: DataTransfer) => {
      // Both must be read before the first wait: the browser empties the drop when its event ends.
      const paths = capabilities?.paths ? Array.from(data.files, (file) => door.pathOf(file)) : [];
      const entries = entriesOf(data);
      perform(async (show) => {
        const known = paths.filter((path) => path !== null);
        if (known.length > 0 && known.length === paths.length) return known;
        show({ state: 'collecting' });
        return send(await filesBelow(entries), show);
      });
    },
    [capabilities, perform, send],
  );

  const upload = useCallback((files: UploadFile[]) => perform((show) => send(files, show)), [perform, send]);
  const dialog = useCallback((kind: 'files' | 'folder') => perform(() => call('dialog.open', { kind })), [perform]);
  const clear = useCallback(() => {
    setInputs([]);
    setArriving({ state: 'idle' });
  }, []);

  return {
    inputs,
    arriving,
    add,
    move: (index, by) => setInputs((before) => moved(before, index, by)),
    remove: (path) => setInputs((before) => before.filter((other) => other !== path)),
    clear,
    drop,
    upload,
    dialog,
  };
}
