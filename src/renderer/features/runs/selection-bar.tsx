/** What can be done with the runs that are ticked. */
import { ActionIcon, Button, Group, Paper, Text, Tooltip } from '@mantine/core';
import { IconChartLine, IconX } from '@tabler/icons-react';
import { useLocation } from 'wouter';
import { routes } from '../../lib/routes.ts';
import { comparable } from '../../lib/run-style.ts';
import { t } from '../../strings.ts';
import classes from './runs.module.css';

const texts = t.runs.select;

export function SelectionBar({ names, onClear }: { names: readonly string[]; onClear: () => void }) {
  const [, navigate] = useLocation();
  if (names.length === 0) return null;
  const tooMany = names.length > comparable;
  return (
    <Paper className={classes.selection} shadow="md" p="xs" pl="md" role="region" aria-label={texts.bar}>
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" fw={550} className="numbers" role="status">
            {texts.count(names.length)}
          </Text>
          <Tooltip label={texts.clear}>
            <ActionIcon variant="subtle" color="gray" aria-label={texts.clear} onClick={onClear}>
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
        <Button
          leftSection={<IconChartLine size={16} />}
          disabled={names.length < 2 || tooMany}
          onClick={() => navigate(routes.compare(names))}
        >
          {tooMany ? texts.tooMany(comparable) : names.length < 2 ? texts.more : texts.compare}
        </Button>
      </Group>
    </Paper>
  );
}
