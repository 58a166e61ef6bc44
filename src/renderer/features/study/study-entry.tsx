/** The way into a study: from the form of a new run. */
import { Button, Group, Modal, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { IconChartDots } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { type RunConfig, runConfig } from '../../../shared/config.ts';
import { sweepValueText } from '../../../shared/sweep-fields.ts';
import { Notice } from '../../components/notice.tsx';
import { call } from '../../door/index.ts';
import { formatCount } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { planStudy } from './lib/study-form.ts';

const texts = t.study.dialog;
/** Names of the runs say their values behind the study's. */
const longest = 80;

/** @param base null while something in the form is wrong */
export function StudyButton({ base }: { base: RunConfig | null }) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Tooltip label={t.study.unready} disabled={base !== null}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconChartDots size={15} />}
          aria-disabled={base === null}
          data-disabled={base === null || undefined}
          onClick={() => base !== null && setOpened(true)}
        >
          {t.study.open}
        </Button>
      </Tooltip>
      {opened && base && <StudyDialog base={base} onClose={() => setOpened(false)} />}
    </>
  );
}

function StudyDialog({ base, onClose }: { base: RunConfig; onClose: () => void }) {
  const [name, setName] = useState(base.name);
  const [rates, setRates] = useState(sweepValueText(base.schedule.peak));
  const [seeds, setSeeds] = useState('1..3');
  const [spacings, setSpacings] = useState('');
  const [, navigate] = useLocation();
  const { busy, run: act } = useAction();
  const named = useMemo(() => ({ ...base, name: name.trim() }), [base, name]);
  const plan = useMemo(() => planStudy(named, { rates, seeds, spacings }), [named, rates, seeds, spacings]);
  const isNamed = runConfig.shape.name.safeParse(named.name).success && named.name.length <= longest;
  const { request } = plan;
  const start = () =>
    void act(async () => {
      if (!request) return;
      const { name: made } = await call('studies.start', request);
      refresh('runs.', 'studies.');
      onClose();
      navigate(routes.study(made));
    });
  const field = (label: string, hint: string, value: string, set: (value: string) => void, error?: string) => (
    <TextInput
      label={label}
      placeholder={hint}
      value={value}
      error={error}
      autoComplete="off"
      spellCheck={false}
      className="numbers"
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
  return (
    <Modal opened onClose={onClose} title={texts.title} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (request && isNamed) start();
        }}
      >
        <Stack>
          <Text size="sm" c="dimmed">
            {texts.text}
          </Text>
          {field(texts.rates, texts.ratesHint, rates, setRates, plan.problems.rates)}
          {field(texts.seeds, texts.seedsHint, seeds, setSeeds, plan.problems.seeds)}
          {field(texts.spacings, texts.spacingsHint, spacings, setSpacings, plan.problems.spacings)}
          <TextInput
            label={texts.name}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={isNamed ? undefined : texts.nameBad}
          />
          {plan.problem !== null && <Notice kind="warning" title={plan.problem} />}
          <Text size="sm" className="numbers" aria-live="polite">
            {plan.cost
              ? texts.cost(
                  formatCount(plan.cost.runs),
                  formatCount(base.steps),
                  formatCount(plan.cost.cooldown),
                  formatCount(plan.cost.updates),
                )
              : plan.problem === null && texts.none}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.common.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={!request || !isNamed}>
              {texts.start}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
