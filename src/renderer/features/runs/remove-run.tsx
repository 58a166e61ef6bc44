/** Asks before a run is deleted: what goes with it, and who else uses it. */
import { List, Stack, Text } from '@mantine/core';
import type { RunSummary } from '../../../shared/api.ts';
import { Confirm } from '../../components/confirm.tsx';
import { Notice } from '../../components/notice.tsx';
import { call } from '../../door/index.ts';
import { formatBytes } from '../../lib/format.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { usesOf } from './lib/uses.ts';

const texts = t.runs.remove;

/** Names that are written out; more are counted. */
const listed = 6;

const sum = (items: readonly { bytes: number }[]): number => items.reduce((total, { bytes }) => total + bytes, 0);

function namesText(names: readonly string[]): string {
  const shown = names.slice(0, listed).join(', ');
  return names.length > listed ? `${shown} ${t.runs.moreChildren(names.length - listed)}` : shown;
}

export function RemoveRun({
  run,
  opened,
  onClose,
  onRemoved,
}: {
  run: Pick<RunSummary, 'name' | 'bytes' | 'folder'>;
  opened: boolean;
  onClose: () => void;
  onRemoved?: () => void;
}) {
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={texts.title(run.name)}
      action={texts.action}
      onConfirm={async () => {
        await call('runs.delete', { name: run.name });
        refresh('runs.list', 'datasets.list');
        onRemoved?.();
      }}
    >
      {opened && <Contents run={run} />}
    </Confirm>
  );
}

function Contents({ run }: { run: Pick<RunSummary, 'name' | 'bytes' | 'folder'> }) {
  const { data: detail, error } = useQuery('runs.get', { name: run.name });
  const runs = useQuery('runs.list', undefined);
  const { children, models } = usesOf(run, runs.data ?? []);
  const bytes = detail?.bytes ?? run.bytes;
  return (
    <Stack gap="sm">
      <div>
        {texts.total(formatBytes(bytes))}
        {!detail && !error && (
          <Text size="sm" c="dimmed" role="status">
            {texts.looking}
          </Text>
        )}
        {detail && (
          <List size="sm" mt={4} className="numbers">
            {detail.checkpoints.length > 0 && (
              <List.Item>
                {texts.checkpoints(detail.checkpoints.length)}, {formatBytes(sum(detail.checkpoints))}
              </List.Item>
            )}
            {detail.exports.length > 0 && (
              <List.Item>
                {texts.exports(namesText(detail.exports.map(({ name }) => name)))}, {formatBytes(sum(detail.exports))}
              </List.Item>
            )}
            <List.Item>
              {texts.rest}, {formatBytes(Math.max(0, bytes - sum(detail.checkpoints) - sum(detail.exports)))}
            </List.Item>
          </List>
        )}
      </div>
      {models.length > 0 && (
        <Notice kind="warning">
          <Text size="sm">{texts.models(namesText(models))}</Text>
        </Notice>
      )}
      {children.length > 0 && <div>{texts.children(namesText(children))}</div>}
      {runs.data && children.length + models.length === 0 && <Text size="sm">{texts.unused}</Text>}
    </Stack>
  );
}
