import { expect, test } from 'vitest';
import type { z } from 'zod';
import { scheduleConfig } from '../../shared/config.ts';
import { learningRate } from '../../shared/schedule.ts';
import { readJson } from './fixture.ts';

type Schedule = z.input<typeof scheduleConfig>;
const { cases } = readJson<{ cases: { schedule: Schedule; steps: number; at: number[]; rates: number[] }[] }>(
  'schedules',
);

test.each(cases.map((c) => ({ ...c, name: `${c.schedule.kind} ${JSON.stringify(c.schedule)} over ${c.steps}` })))(
  '$name',
  ({ schedule: given, steps, at, rates }) => {
    const schedule = scheduleConfig.parse(given);
    for (const [i, s] of at.entries()) {
      const rate = learningRate(schedule, steps, s);
      // Relative to the peak: near the end 1 − r has lost digits, and no order of operations gets them back.
      expect(Math.abs(rate - rates[i]), `step ${s}: ${rate} for ${rates[i]}`).toBeLessThanOrEqual(
        1e-15 * schedule.peak,
      );
    }
  },
);
