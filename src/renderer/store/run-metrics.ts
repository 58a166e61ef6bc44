/** Live metrics of runs: what their files hold, in typed columns, then every line as it is written. */
import { useEffect, useState } from 'react';
import type { ApiError } from '../../shared/api.ts';
import type { MetricsLine } from '../../shared/metrics.ts';
import { RunSeries } from '../../shared/series.ts';
import { asApiError } from '../door/errors.ts';
import { call, connection, door } from '../door/index.ts';

export interface RunMetrics {
  /** Grows in place; `version` says when to look again. */
  readonly series: RunSeries | null;
  readonly version: number;
  readonly error: ApiError | null;
}

const nothing: RunMetrics = { series: null, version: 0, error: null };

/** Milliseconds that lines wait for others: charts of a fast run are drawn ten times a second, not at every frame. */
const pace = 100;

/** Follows a run until the returned function is called; lines that come together are told together. */
function follow(name: string, tell: (metrics: RunMetrics) => void): () => void {
  let series: RunSeries | null = null;
  let buffered: MetricsLine[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let frame = 0;
  let closed = false;

  const flush = (): void => {
    timer = null;
    if (!series) return;
    for (const line of buffered) series.push(line);
    buffered = [];
    tell({ series, version: series.version, error: null });
  };
  const load = async (): Promise<void> => {
    series = null;
    buffered = [];
    try {
      const data = await call('runs.metrics', { name });
      if (closed) return;
      // Lines that came meanwhile may be in the answer already: a series takes them twice without harm.
      series = new RunSeries(data);
      flush();
    } catch (error) {
      if (!closed) tell({ ...nothing, error: asApiError(error) });
    }
  };
  const leave = door.subscribe((event) => {
    if (event.type !== 'metrics' || event.run !== name) return;
    buffered.push(event.line);
    if (series)
      timer ??= setTimeout(() => {
        frame = requestAnimationFrame(flush);
      }, pace);
  });
  let state = connection.get();
  const unwatch = connection.subscribe(() => {
    const before = state;
    state = connection.get();
    if (state === 'open' && before === 'lost') void load();
  });
  void load();
  return () => {
    closed = true;
    if (timer !== null) clearTimeout(timer);
    cancelAnimationFrame(frame);
    leave();
    unwatch();
  };
}

/** Follows a run for as long as the caller is mounted. */
export function useRunMetrics(name: string): RunMetrics {
  const [metrics, setMetrics] = useState<RunMetrics>(nothing);
  useEffect(() => {
    setMetrics(nothing);
    return follow(name, setMetrics);
  }, [name]);
  return metrics;
}

/** Follows several runs, by name; one that has not answered yet is not in the map. */
export function useRunsMetrics(names: readonly string[]): ReadonlyMap<string, RunMetrics> {
  const [all, setAll] = useState<ReadonlyMap<string, RunMetrics>>(new Map());
  const key = JSON.stringify(names);
  useEffect(() => {
    setAll(new Map());
    const leave = (JSON.parse(key) as string[]).map((name) =>
      follow(name, (metrics) => setAll((before) => new Map(before).set(name, metrics))),
    );
    return () => {
      for (const stop of leave) stop();
    };
  }, [key]);
  return all;
}
