/** A child run: a cooldown to zero, or the same recipe for longer. */
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { RunDetail } from '../../../shared/api.ts';
import { runConfig } from '../../../shared/config.ts';
import { NumberField } from '../../components/number-field.tsx';
import { call } from '../../door/index.ts';
import { freeName } from '../../lib/drop.ts';
import { formatCount } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { forkProposal } from './lib/fork-proposal.ts';

export interface ForkWish {
  readonly purpose: 'continue' | 'cooldown';
  /** null: proposed. */
  readonly step: number | null;
}

const texts = t.run.fork;

export function ForkDialog({ run, wish, onClose }: { run: RunDetail; wish: ForkWish; onClose: () => void }) {
  const runs = useQuery('runs.list', undefined);
  const taken = runs.data?.map((other) => other.name) ?? [];
  const { purpose } = wish;
  const steps = run.checkpoints.map((c) => c.step).sort((a, b) => b - a);
  const [proposal] = useState(() => forkProposal(purpose, run.config.steps, steps, wish.step));
  const [step, setStep] = useState(proposal?.step ?? 0);
  const [end, setEnd] = useState(proposal?.end ?? 0);
  const [childName, setName] = useState(() =>
    freeName(`${run.name} ${purpose === 'cooldown' ? 'cooldown' : 'longer'}`, taken),
  );
  const [, navigate] = useLocation();
  const { busy, run: act } = useAction();

  const badEnd = Number.isInteger(end) && end > step ? null : texts.endBad;
  const badName = taken.includes(childName)
    ? t.newRun.issues.nameTaken
    : runConfig.shape.name.safeParse(childName).success
      ? null
      : t.datasets.form.nameBad;
  const create = () =>
    act(async () => {
      await call('runs.fork', { name: run.name, step, purpose, end, childName });
      await call('runs.start', { name: childName });
      refresh('runs.');
      onClose();
      navigate(routes.run(childName));
    });

  return (
    <Modal opened onClose={onClose} title={purpose === 'cooldown' ? texts.cooldownTitle : texts.longerTitle} size="lg">
      <Stack>
        <Text size="sm" c="dimmed">
          {proposal ? (purpose === 'cooldown' ? texts.cooldownText : texts.longerText) : texts.noCheckpoint}
        </Text>
        {proposal && (
          <>
            <Group grow align="flex-start">
              <Select
                label={texts.from}
                data={steps.map((s) => ({ value: String(s), label: t.exporting.stepIs(formatCount(s)) }))}
                value={String(step)}
                onChange={(value) => value && setStep(Number(value))}
                allowDeselect={false}
              />
              <NumberField
                label={texts.end}
                value={end}
                onChange={setEnd}
                error={badEnd}
                description={badEnd ? undefined : texts.extra(formatCount(end - step))}
                inputWrapperOrder={['label', 'input', 'description', 'error']}
              />
            </Group>
            <TextInput
              label={texts.name}
              value={childName}
              error={badName}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.common.cancel}
          </Button>
          {proposal && (
            <Button onClick={create} loading={busy} disabled={badEnd !== null || badName !== null}>
              {texts.create}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
