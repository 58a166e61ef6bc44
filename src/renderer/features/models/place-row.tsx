/** One model of others in the list. */
import { ActionIcon, Badge, Checkbox, Group, Text, Tooltip } from '@mantine/core';
import { IconMessage2, IconPlayerPlay, IconRefresh, IconX } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { Link } from 'wouter';
import { architectureNames, kindOf } from '../../../shared/architecture.ts';
import type { ListedModel } from '../../../shared/models.ts';
import { Truncated } from '../../components/text.tsx';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { t } from '../../strings.ts';
import { lastPart } from '../averages/lib/merge-inputs.ts';

const texts = t.models;

export function PlaceRow({
  model,
  selected,
  busy,
  onSelect,
  onAgain,
  onRemove,
}: {
  model: ListedModel;
  selected: boolean;
  busy: boolean;
  onSelect: () => void;
  onAgain: () => void;
  onRemove: () => void;
}) {
  const name = lastPart(model.path);
  const newest = model.revisions.at(-1)?.path ?? model.path;
  const usable = model.model !== null && !model.missing;
  const link = (label: string, href: string, Icon: ComponentType<{ size: number }>) => (
    <Tooltip label={label}>
      <ActionIcon component={Link} href={href} variant="subtle" color="gray" aria-label={label}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
  const button = (label: string, act: () => void, Icon: ComponentType<{ size: number }>) => (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} disabled={busy} onClick={act}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <Group component="li" gap="sm" wrap="nowrap" p="xs">
      <Checkbox aria-label={texts.select(name)} checked={selected} disabled={model.missing} onChange={onSelect} />
      <div style={{ flex: 1, minWidth: 0 }}>
        <Group gap="xs" wrap="nowrap">
          <Truncated size="sm" fw={600}>
            {name}
          </Truncated>
          {model.missing && (
            <Badge color="red" variant="light" style={{ flexShrink: 0 }}>
              {texts.missing}
            </Badge>
          )}
        </Group>
        <Truncated size="xs" c="dimmed">
          {model.path}
        </Truncated>
        <Text size="xs" c="dimmed" className="numbers">
          {wordsOf(model).join(' · ')}
        </Text>
      </div>
      <Group gap={2} wrap="nowrap">
        {usable && link(texts.sample(name), routes.sampleModel(newest), IconMessage2)}
        {usable && link(texts.train(name), routes.newRunFrom(newest), IconPlayerPlay)}
        {button(texts.again(name), onAgain, IconRefresh)}
        {button(texts.remove(name), onRemove, IconX)}
      </Group>
    </Group>
  );
}

function wordsOf({ model, architecture, refused, revisions, bytes }: ListedModel): string[] {
  const shape = model
    ? texts.shape(architectureNames[kindOf(model)], model.layers, model.width, formatCount(model.blockSize))
    : architecture === null
      ? texts.bare
      : refused !== null && architecture in architectureNames
        ? texts.refused(refused.replace(/\.$/, ''))
        : texts.other(architecture);
  const [first, last] = [revisions[0], revisions.at(-1)];
  const steps =
    first && last
      ? [texts.trajectory(formatCount(revisions.length), formatCount(first.step), formatCount(last.step))]
      : [];
  return [...steps, shape, texts.size(formatBytes(bytes))];
}
