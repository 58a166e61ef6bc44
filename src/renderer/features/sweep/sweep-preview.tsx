/** The runs of a sweep before they are made: names, what is wrong with them, and what they take together. */
import { SimpleGrid, Stack, Text } from '@mantine/core';
import type { RunSummary } from '../../../shared/api.ts';
import { Notice } from '../../components/notice.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Figure } from '../../components/text.tsx';
import { formatBytes, formatCount, formatDuration, formatShort } from '../../lib/format.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { isBase, type Plan, type ReadRow, totalsOf } from './lib/sweep-form.ts';
import classes from './sweep.module.css';

const texts = t.sweep;

export function SweepPreview({
  plan,
  read,
  runs,
  like,
}: {
  plan: Plan;
  read: readonly ReadRow[];
  /** All there are: those that have trained tell how long these will take. */
  runs: readonly RunSummary[];
  like: string | null;
}) {
  const info = useQuery('app.info', undefined);
  if (plan.problem !== null)
    return (
      <Notice kind="error">
        <Text size="sm">{plan.problem}</Text>
      </Notice>
    );
  if (plan.runs.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.none}
      </Text>
    );
  const totals = totalsOf(plan.runs, runs);
  const free = info.data?.freeDisk ?? null;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={4} spacing="sm">
        <Figure label={texts.summary.runs}>{formatCount(plan.runs.length)}</Figure>
        <Figure label={texts.summary.tokens}>{formatShort(totals.tokens)}</Figure>
        <Figure label={texts.summary.time} title={totals.seconds === null ? texts.timeUnknownNote : texts.timeNote}>
          {totals.seconds === null ? texts.timeUnknown : texts.about(formatDuration(totals.seconds))}
        </Figure>
        <Figure label={texts.summary.disk} title={texts.diskNote}>
          {formatBytes(totals.disk)}
        </Figure>
      </SimpleGrid>
      {free !== null && totals.disk > free && (
        <Notice kind="warning">
          <Text size="sm">{texts.diskOver(formatBytes(totals.disk), formatBytes(free))}</Text>
        </Notice>
      )}
      <ScrollBox label={texts.preview} className={classes.preview}>
        <ol className={classes.names}>
          {plan.runs.map((run) => (
            <li key={run.name}>
              <Text size="sm" component="span" className="numbers" style={{ overflowWrap: 'anywhere' }}>
                {run.name}
              </Text>
              {run.problem !== null ? (
                <Text size="xs" c="red" style={{ overflowWrap: 'anywhere' }}>
                  {run.problem}
                </Text>
              ) : (
                like !== null &&
                isBase(run, read) && (
                  <Text size="xs" c="dimmed" component="span" ml={8}>
                    {texts.identical(like)}
                  </Text>
                )
              )}
            </li>
          ))}
        </ol>
      </ScrollBox>
    </Stack>
  );
}
