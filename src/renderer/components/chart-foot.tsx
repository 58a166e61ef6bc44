/** Below a chart: what its marks mean, and how it is zoomed. */
import { HoverCard, Kbd, Stack, Text, UnstyledButton } from '@mantine/core';
import { t } from '../strings.ts';
import classes from './chart.module.css';
import { type ChartMarker, markerKinds, markerStyles } from './chart-markers.ts';

const texts = t.chart;

export function ChartFoot({ markers = [] }: { markers?: readonly ChartMarker[] }) {
  const present = new Set(markers.map(({ kind }) => kind));
  return (
    <div className={classes.foot}>
      <div className={classes.key}>
        {markerKinds
          .filter((kind) => present.has(kind))
          .map((kind) => {
            const { color, dash, alpha, tick } = markerStyles[kind];
            return (
              <span key={kind}>
                <svg width={3} height={14} aria-hidden="true">
                  <line
                    x1={1.5}
                    x2={1.5}
                    y1={tick ? 8 : 0}
                    y2={14}
                    stroke={`var(${color})`}
                    strokeOpacity={alpha}
                    strokeWidth={1.5}
                    strokeDasharray={dash.join(' ')}
                  />
                </svg>
                {texts.marks[kind]}
              </span>
            );
          })}
      </div>
      <HoverCard width={290} position="top-end" shadow="md">
        <HoverCard.Target>
          <UnstyledButton fz="xs" c="dimmed" aria-describedby="chart-zoom-keys">
            {texts.zoomHint}
          </UnstyledButton>
        </HoverCard.Target>
        <HoverCard.Dropdown id="chart-zoom-keys">
          <Stack gap={6}>
            <Text size="xs">{texts.keysHint}</Text>
            {texts.keys.map(([keys, meaning]) => (
              <Text key={meaning} size="xs" c="dimmed">
                {keys.map((key) => (
                  <Kbd key={key} size="xs" mr={4}>
                    {key}
                  </Kbd>
                ))}
                {meaning}
              </Text>
            ))}
          </Stack>
        </HoverCard.Dropdown>
      </HoverCard>
    </div>
  );
}
