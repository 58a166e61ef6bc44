/** Samples of several weights, one after another, written as they come; and the way to stop them. */
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ApiError } from '../../../shared/api.ts';
import type { SampleOptions } from '../../../shared/jobs.ts';
import { asApiError } from '../../door/errors.ts';
import { call, door } from '../../door/index.ts';
import { tellFailure } from '../../store/action.ts';
import { type Column, columnKey } from './lib/columns.ts';

export type Said =
  | { readonly state: 'waiting' }
  | { readonly state: 'writing' | 'done' | 'stopped'; readonly text: string }
  | { readonly state: 'failed'; readonly error: ApiError };

export interface Samples {
  /** By column; none before the first sample. */
  readonly said: ReadonlyMap<string, Said>;
  /** The prompt that they go on from. */
  readonly prompt: string;
  readonly busy: boolean;
  start(columns: readonly Column[], prompt: string, options: SampleOptions): void;
  stop(): void;
}

/** Whose pieces an event holds: a run's weights, or a model under its path. */
const address = (run: string | null, column: Column) =>
  column.kind === 'run' ? { run: run ?? '', of: column.of } : { run: column.path, of: column.path };

/** @param run whose weights the columns of a run are */
export function useSamples(run: string | null): Samples {
  const [said, setSaid] = useState<ReadonlyMap<string, Said>>(new Map());
  const [prompt, setPrompt] = useState('');
  const [busy, setBusy] = useState(false);
  /** The one that is being written: its key, and where its pieces come from. */
  const writing = useRef<{ key: string; run: string; of: string; column: Column } | null>(null);
  const stopping = useRef(false);
  const gone = useRef(false);

  const say = useCallback((key: string, next: (before: Said | undefined) => Said) => {
    if (!gone.current) setSaid((all) => new Map(all).set(key, next(all.get(key))));
  }, []);

  const halt = useCallback(() => {
    const now = writing.current;
    if (!now) return;
    const { column } = now;
    const asked =
      column.kind === 'run'
        ? call('runs.stopSample', { name: run ?? '', of: column.of })
        : call('models.stopSample', { path: column.path });
    asked.catch(tellFailure);
  }, [run]);

  useEffect(() => {
    let buffered = '';
    let frame = 0;
    const leave = door.subscribe((event) => {
      const now = writing.current;
      if (event.type !== 'text' || !now || event.run !== now.run || event.of !== now.of) return;
      // A stop that came before its worker was there to hear it.
      if (stopping.current && !event.done) halt();
      buffered += event.piece;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        const piece = buffered;
        buffered = '';
        // Its whole text has come meanwhile.
        if (writing.current !== now) return;
        say(now.key, (before) => ({ state: 'writing', text: (before && 'text' in before ? before.text : '') + piece }));
      });
    });
    return () => {
      cancelAnimationFrame(frame);
      leave();
    };
  }, [say, halt]);

  // Nobody reads on once the page is left.
  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
      stopping.current = true;
      halt();
    };
  }, [halt]);

  const start = useCallback(
    (columns: readonly Column[], from: string, options: SampleOptions) => {
      stopping.current = false;
      setBusy(true);
      setPrompt(from);
      setSaid(new Map(columns.map((column) => [columnKey(column), { state: 'waiting' }])));
      const one = async (column: Column): Promise<void> => {
        const key = columnKey(column);
        if (stopping.current) return say(key, () => ({ state: 'stopped', text: '' }));
        writing.current = { key, ...address(run, column), column };
        say(key, () => ({ state: 'writing', text: '' }));
        try {
          const { text } =
            column.kind === 'run'
              ? await call('runs.sample', { name: run ?? '', weights: { step: null, of: column.of }, options })
              : await call('models.sample', { path: column.path, options });
          say(key, () => ({ state: stopping.current ? 'stopped' : 'done', text }));
        } catch (error) {
          say(key, () => ({ state: 'failed', error: asApiError(error) }));
        } finally {
          writing.current = null;
        }
      };
      const all = async (): Promise<void> => {
        // One after the other: they draw on the same cores, and the first can be read while the next is written.
        for (const column of columns) await one(column);
        if (!gone.current) setBusy(false);
      };
      void all();
    },
    [run, say],
  );

  const stop = useCallback(() => {
    stopping.current = true;
    halt();
  }, [halt]);

  return { said, prompt, busy, start, stop };
}
