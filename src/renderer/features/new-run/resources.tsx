/** Memory and disk by kind against what this machine has, and what to lower where it is not enough. */
import { Anchor, Badge, Group, Progress, Stack, Text } from '@mantine/core';
import { useEffect } from 'react';
import {
  diskRelief,
  estimateDisk,
  estimateMemory,
  type Fit,
  fitOf,
  memoryRelief,
  type Relief,
} from '../../../shared/estimate.ts';
import { formatBytes } from '../../lib/format.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { reliefText } from './lib/relief-text.ts';
import classes from './new-run.module.css';
import type { DraftState } from './use-draft.ts';

const texts = t.newRun.resources;
const fitColors: Readonly<Record<Fit, string>> = { fits: 'teal', tight: 'orange', 'too-large': 'red' };

/** Neighbours in the bar must be told apart. */
const colors = [1, 2, 3, 4].map((i) => `var(--meander-average-${i})`).concat('var(--meander-faint)');

type Part = keyof typeof texts.parts;

export function Resources({ state }: { state: DraftState }) {
  const info = useQuery('app.info', undefined);
  // How much of the disk is free was perhaps asked long ago.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, on arrival.
  useEffect(() => {
    if (info.data) info.refetch();
  }, []);
  const { recipe } = state.checked;
  if (!recipe)
    return (
      <Text size="xs" c="dimmed">
        {texts.memory}, {texts.disk.toLowerCase()}: {texts.later}
      </Text>
    );
  const machine = info.data?.memory ?? null;
  const free = info.data?.freeDisk ?? null;
  const memory = estimateMemory(recipe, machine ?? Number.POSITIVE_INFINITY);
  const disk = estimateDisk(recipe);
  const { parameters, gradients, moments, averages, activations } = memory;
  const { checkpoints, snapshots } = disk;
  return (
    <Stack gap="md">
      <Resource
        title={texts.memory}
        parts={{ parameters, gradients, moments, averages, activations }}
        need={memory.total}
        have={machine}
        haveText={texts.of}
        relief={() => memoryRelief(recipe, machine ?? 0)}
        onApply={(change) => {
          if (change.kind !== 'micro-batch') return;
          state.set('batch.microBatch', change.microBatch);
          state.set('batch.accumulation', change.accumulation);
        }}
      />
      <Resource
        title={texts.disk}
        parts={{ checkpoints, snapshots, finals: disk.averages }}
        need={disk.total}
        have={free}
        haveText={texts.free}
        relief={() => diskRelief(recipe)}
        onApply={(change) => {
          if (change.kind === 'keep-every') state.set('checkpoints.keepEvery', 0);
          if (change.kind === 'keep-last') state.set('checkpoints.keepLast', change.keepLast);
          if (change.kind === 'window')
            state.set(`policies.${recipe.policies.findIndex(({ id }) => id === change.id)}.k`, change.k);
        }}
      />
    </Stack>
  );
}

function Resource({
  title,
  parts,
  need,
  have,
  haveText,
  relief,
  onApply,
}: {
  title: string;
  parts: Partial<Record<Part, number>>;
  need: number;
  /** null while it is not known, or where the system does not say. */
  have: number | null;
  haveText: (have: string) => string;
  relief: () => Relief;
  onApply: (change: Relief['change']) => void;
}) {
  const fit = have === null ? null : fitOf(need, have);
  const whole = Math.max(need, have ?? 0);
  const shown = Object.entries(parts).filter(([, bytes]) => bytes > 0) as [Part, number][];
  const wanted = fit === null || fit === 'fits' ? null : relief();
  return (
    <section aria-label={title}>
      <Group justify="space-between" gap="xs" wrap="nowrap" mb={6}>
        <Text size="sm" className="numbers">
          <Text component="span" fw={550}>
            {title}
          </Text>{' '}
          {texts.needs(formatBytes(need))}{' '}
          {have !== null && (
            <Text component="span" size="xs" c="dimmed">
              {haveText(formatBytes(have))}
            </Text>
          )}
        </Text>
        {fit && (
          <Badge color={fitColors[fit]} tt="none" style={{ flexShrink: 0 }}>
            {texts.fits[fit]}
          </Badge>
        )}
      </Group>
      <Progress.Root size="sm" role="img" aria-label={texts.bar(title, formatBytes(need))}>
        {shown.map(([part, bytes], i) => (
          <Progress.Section key={part} value={(100 * bytes) / whole} color={colors[i]} aria-hidden />
        ))}
      </Progress.Root>
      <div className={classes.parts}>
        {shown.map(([part, bytes], i) => (
          <div key={part} className={`${classes.part} numbers`} title={texts.notes[part]}>
            <span style={{ background: colors[i] }} />
            <Text size="xs" c="dimmed" truncate="end">
              {texts.parts[part]}
            </Text>
            <span>{formatBytes(bytes)}</span>
          </div>
        ))}
      </div>
      {wanted && (
        <Text size="xs" mt={6} role="status">
          {reliefText(wanted, title === texts.memory ? 'memory' : 'disk')}{' '}
          {wanted.change.kind !== 'model' && (
            <Anchor component="button" type="button" size="xs" onClick={() => onApply(wanted.change)}>
              {texts.relief.apply}
            </Anchor>
          )}
        </Text>
      )}
    </section>
  );
}
