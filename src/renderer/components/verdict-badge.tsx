/** A verdict on a difference of losses, in its colour: calm where there is none. */
import { Badge } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Verdict } from '../../shared/statistics.ts';

const colors: Readonly<Record<Verdict, string>> = { better: 'teal', 'no difference': 'gray', worse: 'orange' };

export function VerdictBadge({
  verdict,
  size = 'sm',
  children,
}: {
  verdict: Verdict;
  size?: 'sm' | 'md';
  children: ReactNode;
}) {
  return (
    <Badge
      color={colors[verdict]}
      variant={verdict === 'no difference' ? 'default' : 'light'}
      tt="none"
      size={size}
      style={{ flexShrink: 0 }}
    >
      {children}
    </Badge>
  );
}
