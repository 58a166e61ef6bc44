/** Averaging policies as cards: add, change, remove; the conventions' warnings beside the one they concern. */
import { ActionIcon, Badge, Button, Group, Menu, Select, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconPlus, IconTrash } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { type PolicyConfig, type RunConfig, wmaWeights } from '../../../shared/config.ts';
import {
  emaDecayForHalfLife,
  halfLife,
  isWindow,
  policyWarnings,
  resolvePolicy,
  windowShare,
} from '../../../shared/policies.ts';
import { NumberField } from '../../components/number-field.tsx';
import { averageColor } from '../../lib/average-style.ts';
import { formatCount, formatShare } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { NumberAt, SwitchAt, useForm } from './form-context.tsx';
import { decayForShare, newPolicy, policyKinds, spacingForShare, startForShare } from './lib/policies.ts';
import classes from './new-run.module.css';

/** `config`: the draft once it is right; windows and warnings are computed from it. */
export function PolicyCards({ config }: { config: RunConfig | null }) {
  const { draft, set } = useForm();
  const warnings = config ? policyWarnings(config) : [];
  return (
    <Stack gap="sm">
      {draft.policies.length === 0 && (
        <Text size="sm" c="dimmed">
          {t.newRun.policy.none}
        </Text>
      )}
      {draft.policies.map((policy, i) => (
        <PolicyCard
          // biome-ignore lint/suspicious/noArrayIndexKey: an id changes while it is typed; the place does not.
          key={i}
          policy={policy}
          index={i}
          config={config}
          warnings={warnings.filter((w) => w.id === policy.id)}
        />
      ))}
      <Menu position="bottom-start">
        <Menu.Target>
          <Button variant="light" leftSection={<IconPlus size={16} />} style={{ alignSelf: 'flex-start' }}>
            {t.newRun.policy.add}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {policyKinds.map((kind) => (
            <Menu.Item key={kind} onClick={() => set('policies', [...draft.policies, newPolicy(kind, draft)])}>
              <Text size="sm" fw={600}>
                {t.newRun.policy.names[kind]}
              </Text>
              <Text size="xs" c="dimmed">
                {t.newRun.policy.about[kind]}
              </Text>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Stack>
  );
}

function PolicyCard({
  policy,
  index,
  config,
  warnings,
}: {
  policy: PolicyConfig;
  index: number;
  config: RunConfig | null;
  warnings: readonly { text: string }[];
}) {
  const { draft, errors, set } = useForm();
  const texts = t.newRun.policy;
  const path = `policies.${index}`;
  const resolved = config ? resolvePolicy(config.policies[index], config) : null;
  return (
    <section
      className={classes.policy}
      aria-label={texts.card(policy.id)}
      style={{ '--average': `var(${averageColor(index)})` } as CSSProperties}
    >
      <Group justify="space-between" wrap="nowrap" mb={8}>
        <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
          <Tooltip label={texts.about[policy.kind]}>
            <Badge variant="default" tt="none">
              {texts.names[policy.kind]}
            </Badge>
          </Tooltip>
          <Text size="xs" c="dimmed" truncate="end" className="numbers">
            {resolved && config ? texts.looksBack(formatShare(windowShare(resolved, config.steps))) : ' '}
          </Text>
        </Group>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={texts.remove(policy.id)}
          onClick={() =>
            set(
              'policies',
              draft.policies.filter((_, i) => i !== index),
            )
          }
        >
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <div className={classes.policyFields}>
        <TextInput
          size="xs"
          label={texts.id}
          value={policy.id}
          data-path={`${path}.id`}
          error={errors.get(`${path}.id`)}
          onChange={(event) => set(`${path}.id`, event.currentTarget.value)}
        />
        {isWindow(policy) && (
          <>
            <NumberAt size="xs" path={`${path}.k`} label={texts.k} by={1} />
            <NumberAt size="xs" path={`${path}.spacing`} label={texts.spacing} by={1} suffix={t.newRun.fields.steps_} />
            <ShareField
              policy={policy}
              onShare={(share) => set(`${path}.spacing`, spacingForShare(policy, share, draft.steps))}
            />
          </>
        )}
        {policy.kind === 'wma' && (
          <Select
            size="xs"
            label={texts.weights}
            value={policy.weights}
            data-path={`${path}.weights`}
            data={wmaWeights.map((value) => ({ value, label: texts.weightings[value] }))}
            onChange={(value) => value && set(`${path}.weights`, value)}
            allowDeselect={false}
          />
        )}
        {policy.kind === 'wma' && policy.weights === 'exponential' && (
          <NumberAt size="xs" path={`${path}.a`} label={texts.newest} />
        )}
        {policy.kind === 'ema' && (
          <>
            <NumberAt size="xs" path={`${path}.decay`} label={texts.decay} />
            <NumberField
              size="xs"
              label={texts.halfLife}
              suffix={t.newRun.fields.steps_}
              value={Number(halfLife(policy.decay, policy.every).toPrecision(3))}
              onChange={(steps) => {
                if (steps > 0) set(`${path}.decay`, Number(emaDecayForHalfLife(steps, policy.every).toPrecision(6)));
              }}
            />
            <NumberAt size="xs" path={`${path}.every`} label={texts.every} by={1} suffix={t.newRun.fields.steps_} />
            <ShareField
              policy={policy}
              onShare={(share) =>
                set(`${path}.decay`, Number(decayForShare(policy, share, draft.steps).toPrecision(6)))
              }
            />
          </>
        )}
        {policy.kind === 'tail' && (
          <>
            <NumberAt size="xs" path={`${path}.decay`} label={texts.decay} />
            <NumberAt size="xs" path={`${path}.blend`} label={texts.blend} />
            <NumberAt size="xs" path={`${path}.every`} label={texts.every} by={1} suffix={t.newRun.fields.steps_} />
          </>
        )}
        {policy.kind === 'power' && (
          <>
            <NumberAt size="xs" path={`${path}.widths.0`} label={texts.width} />
            <NumberAt size="xs" path={`${path}.widths.1`} label={texts.secondWidth} />
            <NumberAt size="xs" path={`${path}.every`} label={texts.every} by={1} suffix={t.newRun.fields.steps_} />
            <NumberAt
              size="xs"
              path={`${path}.storeEvery`}
              label={texts.storeEvery}
              by={1}
              suffix={t.newRun.fields.steps_}
            />
          </>
        )}
        {policy.kind === 'swa' && (
          <>
            <NumberAt size="xs" path={`${path}.every`} label={texts.every} by={1} suffix={t.newRun.fields.steps_} />
            <ShareField
              policy={policy}
              onShare={(share) => share < 1 && set(`${path}.start`, startForShare(policy, share, draft.steps))}
            />
          </>
        )}
        <NumberAt
          size="xs"
          path={`${path}.start`}
          label={texts.start}
          nullable
          placeholder={resolved ? texts.startAuto(formatCount(resolved.start)) : undefined}
        />
        {policy.kind === 'ema' && (
          <SwitchAt path={`${path}.warmup`} label={texts.warmup} size="xs" className={classes.inline} />
        )}
      </div>
      {warnings.map(({ text }) => (
        <Group key={text} gap={6} wrap="nowrap" mt={8} align="flex-start" role="note">
          <IconAlertTriangle size={15} color="var(--mantine-color-orange-6)" style={{ flexShrink: 0, marginTop: 2 }} />
          <Text size="xs">{text}</Text>
        </Group>
      ))}
    </section>
  );
}

/** What a policy looks back over, as a share of the run that can be set. */
function ShareField({ policy, onShare }: { policy: PolicyConfig; onShare: (share: number) => void }) {
  const { draft } = useForm();
  const share = windowShare(resolvePolicy(policy, draft), draft.steps);
  return (
    <NumberField
      size="xs"
      label={t.newRun.policy.window}
      suffix={t.newRun.policy.ofRun}
      value={Number((100 * share).toPrecision(3))}
      onChange={(percent) => {
        if (percent > 0 && draft.steps > 0) onShare(percent / 100);
      }}
    />
  );
}
