/** What was found when a written model was read again. */
import { Group, List, Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { WrittenCheck } from '../../../shared/averages.ts';
import type { ExportDType } from '../../../shared/export-layouts.ts';
import { CopyIcon } from '../../components/text.tsx';
import { formatBytes, formatCount, formatLoss } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { checkWords } from './lib/check-words.ts';

const texts = t.exporting.check;
const icons = {
  good: <IconCircleCheck size={16} color="var(--mantine-color-teal-6)" aria-hidden="true" />,
  warning: <IconAlertTriangle size={16} color="var(--mantine-color-orange-5)" aria-hidden="true" />,
  info: <IconInfoCircle size={16} color="var(--meander-faint)" aria-hidden="true" />,
};

export function CheckResult({ check, format }: { check: WrittenCheck; format: ExportDType }) {
  const words = checkWords(check, format);
  const { loss } = check;
  const item = (kind: keyof typeof icons, text: ReactNode) => (
    <List.Item icon={<span style={{ display: 'inline-flex', marginTop: 3 }}>{icons[kind]}</span>}>{text}</List.Item>
  );
  return (
    <List size="sm" spacing={4} aria-label={texts.label} styles={{ itemWrapper: { alignItems: 'flex-start' } }}>
      {words.weights !== null && item('good', texts.weights(words.weights))}
      {item(
        'good',
        <Group gap={4} wrap="nowrap">
          <Text size="sm" truncate="end" style={{ minWidth: 0 }}>
            {texts.hash(formatBytes(check.bytes), check.sha256.slice(0, 12))}
          </Text>
          <CopyIcon text={check.sha256} label={texts.copyHash} />
        </Group>,
      )}
      {loss !== null &&
        words.loss !== null &&
        item(
          words.loss === 'moved' ? 'warning' : 'good',
          texts.loss[words.loss](formatLoss(loss.source), formatLoss(loss.written), formatCount(loss.blocks)),
        )}
      {check.why !== null && item('info', texts.noLoss(check.why))}
    </List>
  );
}
