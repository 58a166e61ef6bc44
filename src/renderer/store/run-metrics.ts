/** Live metrics of one run: what its file holds, then every line as it is written. */
import { useEffect, useState } from 'react';
import type { ApiError } from '../../shared/api.ts';
import type { MetricsLine } from '../../shared/metrics.ts';
import { asApiError } from '../door/errors.ts';
import { call, connection, door } from '../door/index.ts';
import { firstNewLine, RunSeries } from '../lib/series.ts';

export interface RunMetrics {
  /** Grows in place; `version` says when to look again. */
  readonly series: RunSeries | null;
  readonly version: number;
  readonly error: ApiError | null;
}

const nothing: RunMetrics = { series: null, version: 0, error: null };

/** Follows a run for as long as the caller is mounted; lines that come together are shown together, once a frame. */
export function useRunMetrics(name: string): RunMetrics {
  const [metrics, setMetrics] = useState<RunMetrics>(nothing);
  useEffect(() => {
    let series: RunSeries | null = null;
    let buffered: MetricsLine[] = [];
    let frame = 0;
    let closed = false;

    const flush = (): void => {
      frame = 0;
      if (!series) return;
      for (const line of buffered) series.push(line);
      buffered = [];
      setMetrics({ series, version: series.version, error: null });
    };
    const load = async (): Promise<void> => {
      series = null;
      buffered = [];
      try {
        const lines = await call('runs.metrics', { name });
        if (closed) return;
        const loaded = new RunSeries();
        for (const line of lines) loaded.push(line);
        buffered = buffered.slice(firstNewLine(lines, buffered));
        series = loaded;
        flush();
      } catch (error) {
        if (!closed) setMetrics({ ...nothing, error: asApiError(error) });
      }
    };
    const leave = door.subscribe((event) => {
      if (event.type !== 'metrics' || event.run !== name) return;
      buffered.push(event.line);
      if (series && frame === 0) frame = requestAnimationFrame(flush);
    });
    let state = connection.get();
    const unwatch = connection.subscribe(() => {
      const before = state;
      state = connection.get();
      if (state === 'open' && before === 'lost') void load();
    });
    setMetrics(nothing);
    void load();
    return () => {
      closed = true;
      cancelAnimationFrame(frame);
      leave();
      unwatch();
    };
  }, [name]);
  return metrics;
}
