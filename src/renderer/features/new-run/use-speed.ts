/** How fast this machine trains the draft: measured when asked for, good for as long as what it depends on stays. */
import { useState } from 'react';
import type { ApiError, SpeedProbe } from '../../../shared/api.ts';
import type { RunConfig } from '../../../shared/config.ts';
import { fitToTime, speedKey } from '../../../shared/fit.ts';
import { asApiError } from '../../door/errors.ts';
import { call } from '../../door/index.ts';

interface Measured {
  readonly key: string;
  readonly probe: SpeedProbe;
}

/** Kept while other pages are open. */
let newest: Measured | null = null;

export interface SpeedState {
  /** Of this very configuration; null where none was measured. */
  readonly probe: SpeedProbe | null;
  /** Another configuration was measured. */
  readonly stale: boolean;
  readonly busy: boolean;
  readonly error: ApiError | null;
  measure(config: RunConfig): Promise<void>;
  /** The configuration over as many steps as the hours allow; null where the measurement failed. */
  fit(config: RunConfig, hours: number): Promise<RunConfig | null>;
}

/** `recipe`: the draft once it is right. */
export function useSpeed(recipe: RunConfig | null): SpeedState {
  const [measured, setMeasured] = useState(newest);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const fits = recipe !== null && measured?.key === speedKey(recipe);

  const ask = async (config: RunConfig, hours: number | null): Promise<SpeedProbe | null> => {
    setBusy(true);
    setError(null);
    try {
      const probe = await call('runs.probe', { config, hours });
      newest = { key: speedKey(config), probe };
      setMeasured(newest);
      return probe;
    } catch (failure) {
      setError(asApiError(failure));
      return null;
    } finally {
      setBusy(false);
    }
  };

  return {
    probe: fits ? measured.probe : null,
    stale: measured !== null && !fits,
    busy,
    error,
    measure: async (config) => void (await ask(config, null)),
    fit: async (config, hours) =>
      measured?.key === speedKey(config)
        ? fitToTime(config, measured.probe, hours)
        : ((await ask(config, hours))?.fitted ?? null),
  };
}
