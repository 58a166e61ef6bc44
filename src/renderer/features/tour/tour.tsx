/** A walk past the controls that matter, on the pages themselves: they can be used meanwhile. Esc ends it. */
import { Button, Group, Paper, Portal, Text, Title } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { t } from '../../strings.ts';
import { type Box, placeOf, type Step, steps } from './lib/steps.ts';
import { endTour, useTour } from './store.ts';
import classes from './tour.module.css';

const texts = t.tour;
/** Around the control, in pixels. */
const margin = 6;

export function Tour() {
  const running = useTour();
  return running ? <Walk /> : null;
}

function Walk() {
  const [index, setIndex] = useState(0);
  const [at, navigate] = useLocation();
  const [home] = useState(at);
  const card = useRef<HTMLDivElement>(null);
  const step = steps[index] as Step;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another step changes the page.
  useEffect(() => {
    navigate(step.at);
    // The dialog that began the tour holds the focus until it is gone.
    const timer = setInterval(() => {
      if (isDialogOpen()) return;
      clearInterval(timer);
      card.current?.focus();
    }, 30);
    return () => clearInterval(timer);
  }, [step]);
  const target = useBox(step.target);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  useLayoutEffect(() => {
    const size = card.current?.getBoundingClientRect();
    if (size) setPlace(placeOf(target, size, { width: window.innerWidth, height: window.innerHeight }));
  }, [target]);
  const last = index === steps.length - 1;
  const end = () => {
    endTour();
    navigate(home);
  };
  const next = () => (last ? end() : setIndex(index + 1));
  useKeys((key) => {
    // The controls of the page keep their arrows.
    const elsewhere = document.activeElement !== document.body && !card.current?.contains(document.activeElement);
    if (key === 'Escape') end();
    else if (elsewhere) return false;
    else if (key === 'ArrowRight') next();
    else if (key === 'ArrowLeft' && index > 0) setIndex(index - 1);
    else return false;
    return true;
  });
  return (
    <Portal>
      {target ? (
        <div
          className={classes.light}
          style={{
            left: target.left - margin,
            top: target.top - margin,
            width: target.width + 2 * margin,
            height: target.height + 2 * margin,
          }}
        />
      ) : (
        <div className={classes.shade} />
      )}
      <Paper
        ref={card}
        role="dialog"
        aria-label={texts.label}
        aria-describedby="tour-text"
        tabIndex={-1}
        shadow="lg"
        p="md"
        className={classes.card}
        style={place}
      >
        <Text size="xs" c="dimmed" className="numbers" role="status">
          {texts.step(index + 1, steps.length)}
        </Text>
        <div id="tour-text">
          <Title order={2} mt={2} mb={6}>
            {texts.steps[step.id].title}
          </Title>
          <Text size="sm">{texts.steps[step.id].text}</Text>
        </div>
        <Group justify="space-between" mt="md" wrap="nowrap">
          <Button variant="subtle" color="gray" size="xs" onClick={end}>
            {texts.skip}
          </Button>
          <Group gap="xs" wrap="nowrap">
            {index > 0 && (
              <Button variant="default" size="xs" onClick={() => setIndex(index - 1)}>
                {texts.back}
              </Button>
            )}
            <Button size="xs" onClick={next}>
              {last ? texts.done : texts.next}
            </Button>
          </Group>
        </Group>
      </Paper>
    </Portal>
  );
}

const isDialogOpen = (): boolean => document.querySelector('[aria-modal="true"]') !== null;

/** Keys wherever the focus is, unless a dialog over the tour takes them. `on` says whether it used the key. */
function useKeys(on: (key: string) => boolean): void {
  const latest = useRef(on);
  latest.current = on;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isDialogOpen()) return;
      if (latest.current(event.key)) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** Where the control stands now, followed as the page loads, scrolls and changes; null while it is not there. */
function useBox(target: string): Box | null {
  const [box, setBox] = useState<Box | null>(null);
  useEffect(() => {
    let shown = false;
    let frame = 0;
    const look = () => {
      const element = document.querySelector(target);
      if (element && !shown) {
        shown = true;
        element.scrollIntoView({ block: 'nearest' });
      }
      const rect = element?.getBoundingClientRect();
      const next =
        rect && rect.width > 0 ? { left: rect.left, top: rect.top, width: rect.width, height: rect.height } : null;
      setBox((before) => (same(before, next) ? before : next));
      frame = requestAnimationFrame(look);
    };
    look();
    return () => cancelAnimationFrame(frame);
  }, [target]);
  return box;
}

const same = (a: Box | null, b: Box | null): boolean =>
  a === b ||
  (a !== null && b !== null && a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height);
