import { Badge, Loader } from '@mantine/core';
import type { DatasetSummary, RunSummary } from '../../shared/api.ts';
import type { Progress as JobProgress } from '../../shared/jobs.ts';
import { t } from '../strings.ts';

const statusColors: Readonly<Record<RunSummary['status'] | DatasetSummary['status'], string>> = {
  new: 'gray',
  queued: 'gray',
  running: 'river',
  pausing: 'yellow',
  paused: 'yellow',
  stopping: 'yellow',
  stopped: 'gray',
  interrupted: 'orange',
  finished: 'teal',
  failed: 'red',
  broken: 'red',
  ready: 'teal',
  preparing: 'river',
  incomplete: 'orange',
};
const turning = new Set(['running', 'pausing', 'stopping', 'preparing']);

/** Grey bars are light: a run that stands still should not shout. */
export const barColor = (status: RunSummary['status'] | DatasetSummary['status']): string =>
  statusColors[status] === 'gray' ? 'gray.5' : statusColors[status];

/** The state of a run or dataset in a word and a colour. */
export function StatusBadge({ status }: { status: RunSummary['status'] | DatasetSummary['status'] }) {
  return (
    <Badge
      color={statusColors[status]}
      variant={statusColors[status] === 'gray' ? 'default' : 'light'}
      tt="none"
      fw={600}
      style={{ flexShrink: 0 }}
      leftSection={turning.has(status) ? <Loader size={10} color={statusColors[status]} /> : undefined}
    >
      {t.status[status]}
    </Badge>
  );
}

const phaseColors: Readonly<Record<JobProgress['phase'], string>> = {
  starting: 'gray',
  compiling: 'grape',
  training: 'river',
  evaluating: 'indigo',
  saving: 'yellow',
  paused: 'yellow',
  reading: 'river',
  writing: 'yellow',
  sampling: 'indigo',
};

/** What a job does at this moment. */
export function PhaseChip({ phase }: { phase: JobProgress['phase'] }) {
  return (
    <Badge color={phaseColors[phase]} variant="dot" tt="none" fw={550} miw={104} radius="xl">
      {t.phase[phase]}
    </Badge>
  );
}
