/** How many values differ from the preset, which ones, and the way back for each. */
import { ActionIcon, Anchor, Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useState } from 'react';
import { findPreset } from '../../../shared/presets.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { t } from '../../strings.ts';
import { changesFrom } from './lib/changes.ts';
import { isShown, labelOf } from './lib/field-table.ts';
import { shortened } from './lib/summary.ts';
import classes from './new-run.module.css';
import type { DraftState } from './use-draft.ts';

const texts = t.newRun.changes;

export function ChangesPanel({ state }: { state: DraftState }) {
  const [open, setOpen] = useState(false);
  const { base, draft, depth } = state;
  const changes = changesFrom(base, draft);
  const hidden = changes.filter(({ field }) => !isShown(field, depth)).length;
  return (
    <section aria-label={texts.title}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed">
          {texts.count(changes.length, findPreset(state.preset).title)}
        </Text>
        {changes.length > 0 && (
          <Anchor
            component="button"
            type="button"
            size="xs"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            style={{ flexShrink: 0 }}
          >
            {open ? texts.hide : texts.show}
          </Anchor>
        )}
      </Group>
      {hidden > 0 && (
        <Text size="xs" c="dimmed" mt={2}>
          {texts.hidden(hidden)}{' '}
          <Anchor component="button" type="button" size="xs" onClick={() => state.setDepth('everything')}>
            {texts.showAll}
          </Anchor>
        </Text>
      )}
      {open && changes.length > 0 && (
        <>
          <ScrollBox label={texts.title} className={classes.changes}>
            {changes.map(({ field, preset, here }) => (
              <div key={field} className={classes.change}>
                <div style={{ minWidth: 0 }}>
                  <Text size="xs" truncate="end" title={field}>
                    {labelOf(field)}
                  </Text>
                  <Text size="xs" c="dimmed" className="numbers" style={{ overflowWrap: 'anywhere' }}>
                    {preset === null ? texts.absent : shortened(preset)} →{' '}
                    <Text component="span" fw={600} c="var(--mantine-color-text)">
                      {here === null ? texts.absent : shortened(here)}
                    </Text>
                  </Text>
                </div>
                <Tooltip label={texts.undo(labelOf(field))}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={texts.undo(labelOf(field))}
                    onClick={() => state.undo(field)}
                  >
                    <IconArrowBackUp size={16} />
                  </ActionIcon>
                </Tooltip>
              </div>
            ))}
          </ScrollBox>
          <Stack align="flex-end" mt={4}>
            <Anchor component="button" type="button" size="xs" onClick={state.reset}>
              {texts.reset}
            </Anchor>
          </Stack>
        </>
      )}
    </section>
  );
}
