/** As many steps as the hours allow, at the measured speed of this very configuration. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { differences } from '../../../shared/differences.ts';
import { Notice } from '../../components/notice.tsx';
import { NumberField } from '../../components/number-field.tsx';
import { Problem } from '../../components/states.tsx';
import { t } from '../../strings.ts';
import { shortened } from './lib/summary.ts';
import type { DraftState } from './use-draft.ts';
import type { SpeedState } from './use-speed.ts';

const f = t.newRun.fields;

export function FitToTime({ state, speed }: { state: DraftState; speed: SpeedState }) {
  const [hours, setHours] = useState(1);
  const [changes, setChanges] = useState<string[] | null>(null);
  const [fitting, setFitting] = useState(false);
  const { draft } = state;
  const { recipe } = state.checked;
  const fit = async (): Promise<void> => {
    if (!recipe) return;
    setFitting(true);
    const fitted = await speed.fit(recipe, hours);
    setFitting(false);
    if (!fitted) return;
    const next = { ...fitted, name: draft.name, dataset: draft.dataset };
    setChanges(
      differences(draft, next).map(({ field, from, to }) => `${field}: ${shortened(from)} → ${shortened(to)}`),
    );
    state.replace(next, hours);
  };
  return (
    <Stack gap={6} style={{ flexShrink: 0, maxWidth: '100%' }}>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <NumberField label={f.hours} suffix={f.hoursUnit} value={hours} onChange={setHours} w={150} />
        <Button variant="light" onClick={fit} loading={fitting} disabled={!recipe || !(hours > 0) || speed.busy}>
          {f.fit}
        </Button>
      </Group>
      {fitting && (
        <Text size="xs" c="dimmed" role="status">
          {f.fitting}
        </Text>
      )}
      {!fitting && speed.error && <Problem error={speed.error} />}
      {!fitting && changes && state.fitted !== null && (
        <Notice kind="info" title={f.fitted(String(state.fitted))}>
          <Text size="xs" c="dimmed" className="numbers" style={{ whiteSpace: 'pre-line' }}>
            {changes.length > 0 ? changes.join('\n') : f.fittedNothing}
          </Text>
        </Notice>
      )}
    </Stack>
  );
}
