/** Zoom that charts of one group share; it ends with the last of them, and with the page. */
import { useCallback, useEffect, useState } from 'react';
import type { Range } from '../lib/zoom.ts';

interface Group {
  range: Range | null;
  frame: number;
  readonly listeners: Set<(range: Range | null) => void>;
}

const groups = new Map<string, Group>();

function groupOf(name: string): Group {
  let group = groups.get(name);
  if (!group) {
    group = { range: null, frame: 0, listeners: new Set() };
    groups.set(name, group);
  }
  return group;
}

/** The range in view, null for the whole. However fast it is changed, charts are drawn once a frame. */
export function useZoom(name: string): [Range | null, (range: Range | null) => void] {
  const [range, setRange] = useState<Range | null>(() => groups.get(name)?.range ?? null);
  useEffect(() => {
    const group = groupOf(name);
    setRange(group.range);
    group.listeners.add(setRange);
    return () => {
      group.listeners.delete(setRange);
      if (group.listeners.size > 0) return;
      cancelAnimationFrame(group.frame);
      groups.delete(name);
    };
  }, [name]);
  const change = useCallback(
    (next: Range | null) => {
      const group = groupOf(name);
      group.range = next;
      group.frame ||= requestAnimationFrame(() => {
        group.frame = 0;
        for (const listener of group.listeners) listener(group.range);
      });
    },
    [name],
  );
  return [range, change];
}

/** The range as it will be drawn next: keys that are held down go on from there. */
export const zoomOf = (name: string): Range | null => groups.get(name)?.range ?? null;
