/** A long list drawn piece by piece: more of it as the end comes into view, or when its button is pressed. */
import { useCallback, useEffect, useRef, useState } from 'react';

const piece = 16;

/** @param key of what is listed: another one begins with the first piece again */
export function useGrowing<T>(
  items: readonly T[],
  key: string,
): {
  shown: readonly T[];
  /** For the button at the end. */
  sentinel: (element: HTMLElement | null) => void;
  /** Null when all is shown. */
  more: (() => void) | null;
} {
  const [grown, setGrown] = useState({ key, count: piece });
  const count = grown.key === key ? grown.count : piece;
  const watcher = useRef<IntersectionObserver | null>(null);
  const more = useCallback(
    () => setGrown((before) => ({ key, count: (before.key === key ? before.count : piece) + piece })),
    [key],
  );
  // A piece that does not push the button out of view must be followed by another: the count renews the watcher.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the count is the reason to watch anew.
  const sentinel = useCallback(
    (element: HTMLElement | null) => {
      watcher.current?.disconnect();
      watcher.current = null;
      if (element === null) return;
      // Half a screen ahead, so that the end is rarely seen.
      watcher.current = new IntersectionObserver(([entry]) => entry?.isIntersecting && more(), {
        rootMargin: '0px 0px 50% 0px',
      });
      watcher.current.observe(element);
    },
    [more, count],
  );
  useEffect(() => () => watcher.current?.disconnect(), []);
  return { shown: items.slice(0, count), sentinel, more: count < items.length ? more : null };
}
