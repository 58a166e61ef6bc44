import { useEffect, useRef } from 'react';
import { isMac } from '../../lib/mac.ts';
import type { Command } from './context.ts';
import { isForFields, Recognizer, strokeOf } from './lib/keys.ts';

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches('textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=range])'));

/** Runs commands by their keys, wherever the focus is: in fields those with Ctrl or ⌘ only, in dialogs none. */
export function useShortcuts(commands: readonly Command[]): void {
  const latest = useRef(commands);
  latest.current = commands;
  useEffect(() => {
    const recognizer = new Recognizer();
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || event.repeat) return;
      const stroke = strokeOf(event, isMac);
      if (stroke === null || (isField(event.target) && !isForFields(stroke))) return;
      if (document.querySelector('[aria-modal="true"]') !== null) return;
      const bound = new Set(latest.current.map(({ keys }) => keys).filter(Boolean));
      const keys = recognizer.take(stroke, bound, event.timeStamp);
      const command = keys === null ? undefined : latest.current.find((one) => one.keys === keys);
      if (!command) return;
      event.preventDefault();
      command.run();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
