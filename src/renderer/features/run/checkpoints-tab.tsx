/** Checkpoints and exports of a run, with their sizes. */
import { Anchor, Badge, Button, Group, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { RunDetail } from '../../../shared/api.ts';
import { CopyIcon, Truncated } from '../../components/text.tsx';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { t } from '../../strings.ts';
import type { ExportWish } from '../export/export-dialog.tsx';
import type { ForkWish } from './fork-dialog.tsx';

const texts = t.run.checkpoints;

export function CheckpointsTab({
  run,
  onExport,
  onFork,
}: {
  run: RunDetail;
  onExport: (wish: ExportWish) => void;
  onFork: (wish: ForkWish) => void;
}) {
  if (run.checkpoints.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.empty}
      </Text>
    );
  return (
    <Stack>
      <Table fz="sm" className="numbers" aria-label={t.run.tabs.checkpoints}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={110}>{texts.step}</Table.Th>
            <Table.Th w={110} ta="right">
              {texts.size}
            </Table.Th>
            <Table.Th>{texts.averages}</Table.Th>
            <Table.Th w={270} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {[...run.checkpoints]
            .sort((a, b) => b.step - a.step)
            .map(({ step, bytes, averages }) => (
              <Table.Tr key={step}>
                <Table.Td>{formatCount(step)}</Table.Td>
                <Table.Td ta="right">{formatBytes(bytes)}</Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {averages.length === 0 && (
                      <Text size="xs" c="dimmed">
                        {texts.none}
                      </Text>
                    )}
                    {averages.map((id) => (
                      <Badge key={id} tt="none" size="sm" variant="default">
                        {id}
                      </Badge>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td>
                  <Group gap={6} justify="flex-end" wrap="nowrap">
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={texts.resumeAt(formatCount(step))}
                      onClick={() => onFork({ purpose: 'continue', step })}
                    >
                      {texts.resume}
                    </Button>
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={texts.cooldownAt(formatCount(step))}
                      onClick={() => onFork({ purpose: 'cooldown', step })}
                    >
                      {texts.cooldown}
                    </Button>
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={texts.exportAt(formatCount(step))}
                      onClick={() => onExport({ step, of: null })}
                    >
                      {texts.export}
                    </Button>
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
      <Anchor component={Link} href={routes.averagesOf(run.name)} size="sm">
        {texts.toAverages}
      </Anchor>
      {run.exports.length > 0 && (
        <div>
          <Title order={3} mb="xs">
            {texts.exports}
          </Title>
          <Stack gap={4}>
            {run.exports.map(({ name, path, bytes }) => (
              <Group key={name} gap="xs" wrap="nowrap">
                <Truncated size="sm" style={{ flex: 1 }}>
                  {path}
                </Truncated>
                <Text size="xs" c="dimmed" className="numbers">
                  {formatBytes(bytes)}
                </Text>
                <CopyIcon text={path} label={t.common.copyPath} />
              </Group>
            ))}
          </Stack>
        </div>
      )}
    </Stack>
  );
}
