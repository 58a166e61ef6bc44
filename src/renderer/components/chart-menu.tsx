/** What can be taken from a chart: its data, its picture. */
import { ActionIcon, Menu } from '@mantine/core';
import { IconDownload, IconFileTypeCsv, IconPhoto } from '@tabler/icons-react';
import type { Range } from '../lib/zoom.ts';
import { t } from '../strings.ts';
import type { ChartLine } from './chart.tsx';
import { saveCsv, savePng } from './chart-export.ts';

const texts = t.chart;

export function ChartMenu({
  title,
  label,
  xName,
  lines,
  range,
  canvas,
  cssValue,
}: {
  title: string;
  label: string;
  xName: string;
  lines: readonly ChartLine[];
  /** What is in view; null: everything. */
  range: Range | null;
  canvas: () => HTMLCanvasElement | null;
  cssValue: (name: string) => string;
}) {
  const picture = () => {
    const drawn = canvas();
    if (!drawn) return;
    const shown = lines.filter((line) => line.tip !== false).map((line) => ({ ...line, color: cssValue(line.color) }));
    savePng(title, drawn, shown, {
      surface: cssValue('--meander-surface'),
      ink: cssValue('--meander-ink'),
      font: cssValue('--mantine-font-family'),
    });
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon size={22} variant="subtle" color="gray" aria-label={texts.save(label)} title={texts.saveShort}>
          <IconDownload size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconFileTypeCsv size={16} />}
          onClick={() => {
            const [from, to] = range ?? [Number.NEGATIVE_INFINITY, Number.MAX_VALUE];
            saveCsv(title, xName, lines, from, to);
          }}
        >
          {range ? texts.csvInView : texts.csv}
        </Menu.Item>
        <Menu.Item leftSection={<IconPhoto size={16} />} onClick={picture}>
          {texts.png}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
