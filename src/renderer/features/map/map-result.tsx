/** The measured map: a table whose cells are coloured by their loss, the widths, and what is said of the best. */

import { Stack, Table, Text, Title } from '@mantine/core';
import type { MapChoice } from '../../../shared/jobs.ts';
import type { MapPlan, WindowMap } from '../../../shared/window-map.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { VerdictBadge } from '../../components/verdict-badge.tsx';
import { formatCount, formatLoss, formatSigned } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { choosing, shade } from './lib/map-values.ts';
import classes from './map.module.css';

const texts = t.map;
/** Per cent of the accent in the highest and in the lowest cell: text stays readable on both. */
const [palest, darkest] = [5, 46];

const tint = (share: number): string =>
  `color-mix(in srgb, var(--meander-average-1) ${Math.round(palest + share * (darkest - palest))}%, transparent)`;

function nameOf(of: string, { cells }: MapPlan): string {
  const cell = cells.find((one) => one.of === of);
  return cell ? texts.window(formatCount(cell.k), formatCount(cell.spacing)) : of;
}

export function MapResult({ map: { plan, evaluations, choice } }: { map: WindowMap }) {
  const results = new Map(evaluations.map((result) => [result.of, result]));
  const measured = [...plan.cells, ...plan.widths].flatMap(({ of }) => {
    const result = results.get(of);
    return result ? [choosing(result)] : [];
  });
  return (
    <Stack gap="sm">
      {plan.spacings.length > 0 && (
        <ScrollBox className={classes.wide} label={texts.label(formatCount(plan.end))}>
          <table className={`${classes.map} numbers`}>
            <caption style={{ captionSide: 'bottom', textAlign: 'left' }}>
              <Text span size="xs" c="dimmed">
                {texts.note}
              </Text>
            </caption>
            <thead>
              <tr>
                <th scope="col">{texts.rows}</th>
                {plan.spacings.map((spacing) => (
                  <th key={spacing} scope="col">
                    {texts.column(formatCount(spacing))}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {plan.counts.map((k) => (
                <tr key={k}>
                  <th scope="row">{k}</th>
                  {plan.cells
                    .filter((cell) => cell.k === k)
                    .map(({ of, steps }) => {
                      const result = results.get(of);
                      if (!steps || !result)
                        return (
                          <td key={of} className={classes.none}>
                            {steps ? texts.notFinite : texts.notKept}
                          </td>
                        );
                      const best = choice?.of === of;
                      return (
                        <td
                          key={of}
                          className={best ? classes.best : undefined}
                          style={{ background: tint(shade(choosing(result), measured)) }}
                          title={texts.cell(formatLoss(result.loss))}
                        >
                          {formatSigned(choosing(result))}
                          {best && ` ${texts.best}`}
                        </td>
                      );
                    })}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
      {plan.widths.length > 0 && (
        <div className={classes.wide}>
          <Title order={3} mb={4}>
            {texts.widths}
          </Title>
          <Table fz="sm" verticalSpacing={5} className="numbers" maw={560} aria-label={texts.widths}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.width}</Table.Th>
                <Table.Th ta="right">{texts.half}</Table.Th>
                <Table.Th ta="right">{texts.difference}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {plan.widths.map(({ of, half }) => {
                const result = results.get(of);
                const best = choice?.of === of;
                return (
                  <Table.Tr key={of}>
                    <Table.Td fw={best ? 650 : undefined}>
                      {of}
                      {best && ` ${texts.best}`}
                    </Table.Td>
                    <Table.Td ta="right">{texts.steps(formatCount(half))}</Table.Td>
                    <Table.Td
                      ta="right"
                      style={result && { background: tint(shade(choosing(result), measured)) }}
                      c={result ? undefined : 'dimmed'}
                    >
                      {result ? formatSigned(choosing(result)) : texts.outOfReach}
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {choice ? <Choice plan={plan} choice={choice} /> : <Text size="sm">{texts.few}</Text>}
    </Stack>
  );
}

/** The best, on the blocks that had no part in choosing it, against raw and the policies. */
function Choice({ plan, choice }: { plan: MapPlan; choice: MapChoice }) {
  const name = nameOf(choice.of, plan);
  const loss = formatLoss(choice.loss);
  return (
    <div className={classes.wide}>
      <Text size="sm" role="status" className="numbers">
        {choice.among > 1 ? texts.chosen(name, formatCount(choice.among), loss) : texts.only(name, loss)}
      </Text>
      <Table fz="sm" verticalSpacing={5} className="numbers" maw={560} aria-label={texts.reported}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.against}</Table.Th>
            <Table.Th ta="right">{texts.reported}</Table.Th>
            <Table.Th>{texts.verdict}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {choice.against.map(({ of, difference, standardError, verdict }) => (
            <Table.Tr key={of}>
              <Table.Td>{of === 'raw' ? texts.raw : of}</Table.Td>
              <Table.Td ta="right">
                {formatSigned(difference)} ± {standardError.toFixed(4)}
              </Table.Td>
              <Table.Td>
                <VerdictBadge verdict={verdict}>{texts.words[verdict]}</VerdictBadge>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
