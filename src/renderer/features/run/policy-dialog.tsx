/** A policy added to a run that goes on. */
import { Button, Group, Modal, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import { type PolicyConfig, policyConfig, wmaWeights } from '../../../shared/config.ts';
import { isWindow, policyInterval } from '../../../shared/policies.ts';
import { NumberField } from '../../components/number-field.tsx';
import { call } from '../../door/index.ts';
import { useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { issueText } from '../new-run/lib/draft.ts';
import { newPolicy, policyKinds } from '../new-run/lib/policies.ts';

const texts = t.newRun.policy;

export function PolicyDialog({ run, onClose }: { run: RunDetail; onClose: () => void }) {
  /** From now on: the next multiple of its interval. */
  const startingNow = (kind: PolicyConfig['kind']): PolicyConfig => {
    const policy = newPolicy(kind, run.config);
    const interval = policyInterval(policy);
    return { ...policy, start: (Math.floor(run.step / interval) + 1) * interval };
  };
  const [policy, setPolicy] = useState<PolicyConfig>(() => startingNow('lawa'));
  const { busy, run: act } = useAction();
  const parsed = policyConfig.safeParse(policy);
  const taken = run.config.policies.some(({ id }) => id === policy.id);
  const errorOf = (key: string): string | null => {
    if (key === 'id' && taken) return t.newRun.issues.nameTaken;
    const issue = parsed.error?.issues.find((i) => i.path[0] === key);
    return issue ? issueText(issue) : null;
  };
  const field = (key: string, label: string, suffix?: string) => (
    <NumberField
      label={label}
      suffix={suffix}
      value={(policy as unknown as Record<string, number | null>)[key] ?? Number.NaN}
      error={errorOf(key)}
      onChange={(value) => setPolicy({ ...policy, [key]: value })}
    />
  );
  return (
    <Modal opened onClose={onClose} title={t.run.policy.title}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t.run.policy.text}
        </Text>
        <SegmentedControl
          aria-label={t.run.policy.kind}
          value={policy.kind}
          onChange={(kind) => setPolicy(startingNow(kind as PolicyConfig['kind']))}
          data={policyKinds.map((value) => ({ value, label: texts.names[value] }))}
        />
        <Text size="xs" c="dimmed">
          {texts.about[policy.kind]}
        </Text>
        <TextInput
          label={texts.id}
          value={policy.id}
          error={errorOf('id')}
          onChange={(event) => setPolicy({ ...policy, id: event.currentTarget.value })}
        />
        {policy.kind === 'wma' && (
          <Group grow align="flex-start">
            <Select
              label={texts.weights}
              value={policy.weights}
              data={wmaWeights.map((value) => ({ value, label: texts.weightings[value] }))}
              onChange={(value) => value && setPolicy({ ...policy, weights: value as (typeof wmaWeights)[number] })}
              allowDeselect={false}
            />
            {policy.weights === 'exponential' && field('a', texts.newest)}
          </Group>
        )}
        {policy.kind === 'power' && (
          <Group grow align="flex-start">
            {([texts.width, texts.secondWidth] as const).map((label, i) => (
              <NumberField
                key={label}
                label={label}
                value={policy.widths[i]}
                error={errorOf('widths')}
                onChange={(value) =>
                  setPolicy({ ...policy, widths: i === 0 ? [value, policy.widths[1]] : [policy.widths[0], value] })
                }
              />
            ))}
          </Group>
        )}
        <Group grow align="flex-start">
          {isWindow(policy) && field('k', texts.k)}
          {isWindow(policy) && field('spacing', texts.spacing, t.newRun.fields.steps_)}
          {(policy.kind === 'ema' || policy.kind === 'tail') && field('decay', texts.decay)}
          {policy.kind === 'tail' && field('blend', texts.blend)}
          {!isWindow(policy) && field('every', texts.every, t.newRun.fields.steps_)}
          {policy.kind === 'power' && field('storeEvery', texts.storeEvery, t.newRun.fields.steps_)}
          {field('start', texts.start)}
        </Group>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.common.cancel}
          </Button>
          <Button
            loading={busy}
            disabled={!parsed.success || taken}
            onClick={async () => {
              const worked = await act(() => call('runs.addPolicy', { name: run.name, policy }));
              if (!worked) return;
              refresh('runs.get');
              onClose();
            }}
          >
            {t.run.policy.add}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
