/** Answers of the door, kept by question, asked again when the application says that they changed. */
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import type { ApiError, AppEvent, Input, Method, Output } from '../../shared/api.ts';
import { asApiError } from '../door/errors.ts';
import { call, connection, door } from '../door/index.ts';

export interface Answer<T> {
  readonly data: T | undefined;
  readonly error: ApiError | null;
  readonly loading: boolean;
}

interface Entry {
  readonly method: Method;
  readonly input: unknown;
  answer: Answer<unknown>;
  listeners: Set<() => void>;
  asking: boolean;
  /** Something changed while the question was out: ask once more. */
  stale: boolean;
}

const entries = new Map<string, Entry>();
const empty: Answer<never> = { data: undefined, error: null, loading: true };

function entryOf(method: Method, input: unknown): Entry {
  const key = `${method} ${JSON.stringify(input) ?? ''}`;
  let entry = entries.get(key);
  if (!entry) {
    entry = { method, input, answer: empty, listeners: new Set(), asking: false, stale: false };
    entries.set(key, entry);
  }
  return entry;
}

function publish(entry: Entry, answer: Answer<unknown>): void {
  entry.answer = answer;
  for (const listener of entry.listeners) listener();
}

async function ask(entry: Entry): Promise<void> {
  if (entry.asking) {
    entry.stale = true;
    return;
  }
  entry.asking = true;
  do {
    entry.stale = false;
    try {
      const data = await call(entry.method, entry.input as Input<Method>);
      publish(entry, { data, error: null, loading: false });
    } catch (error) {
      publish(entry, { data: entry.answer.data, error: asApiError(error), loading: false });
    }
  } while (entry.stale);
  entry.asking = false;
}

/** Asks again what is on screen, and forgets the rest, of methods that start with one of the prefixes. */
export function refresh(...prefixes: string[]): void {
  for (const [key, entry] of entries) {
    if (!prefixes.some((prefix) => entry.method.startsWith(prefix))) continue;
    if (entry.listeners.size > 0) void ask(entry);
    else if (!entry.asking) entries.delete(key);
  }
}

/** Changes an answer in place, for events that carry news themselves. */
export function patch<M extends Method>(method: M, change: (data: Output<M>, input: unknown) => Output<M>): void {
  for (const entry of entries.values()) {
    if (entry.method !== method || entry.answer.data === undefined) continue;
    const data = change(entry.answer.data as Output<M>, entry.input);
    if (data !== entry.answer.data) publish(entry, { ...entry.answer, data });
  }
}

/** The answer that is known already; undefined where the question was not asked yet. */
export const known = <M extends Method>(method: M, input: Input<M>): Output<M> | undefined =>
  entryOf(method, input).answer.data as Output<M> | undefined;

/** The answer to a question, asked when first needed; `input` is compared by its JSON. null asks nothing. */
export function useQuery<M extends Method>(
  method: M,
  input: Input<M> | null,
): Answer<Output<M>> & { refetch: () => void } {
  const key = JSON.stringify(input);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the input.
  const entry = useCallback(() => (input === null ? null : entryOf(method, input)), [method, key]);
  const subscribe = useCallback(
    (listener: () => void) => {
      const found = entry();
      found?.listeners.add(listener);
      return () => found?.listeners.delete(listener);
    },
    [entry],
  );
  const answer = useSyncExternalStore(subscribe, () => entry()?.answer ?? empty) as Answer<Output<M>>;
  const refetch = useCallback(() => {
    const found = entry();
    if (found) void ask(found);
  }, [entry]);
  useEffect(() => {
    const found = entry();
    if (found && found.answer === empty && !found.asking) void ask(found);
  }, [entry]);
  return { ...answer, refetch };
}

const listeners: Record<'runs' | 'datasets' | 'settings', string[]> = {
  runs: ['runs.list', 'runs.get', 'datasets.list', 'averages.state', 'averages.merged', 'studies.'],
  datasets: ['datasets.list', 'datasets.preview'],
  settings: ['settings.', 'home.'],
};

function onEvent(event: AppEvent): void {
  if (event.type === 'changed') refresh(...listeners[event.what]);
  else if (event.type === 'move') patch('home.moving', () => event.move);
}

/** Keeps answers fresh for as long as the window lives. */
export function startCache(): void {
  door.subscribe(onEvent);
  let wasLost = false;
  connection.subscribe(() => {
    const state = connection.get();
    if (state === 'lost') wasLost = true;
    if (state === 'open' && wasLost) {
      wasLost = false;
      refresh('');
    }
  });
}
