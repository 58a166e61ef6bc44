/** Palette, help sheet and shortcuts, around everything that may use them. */
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { CommandContext, type Commands } from './context.ts';
import { HelpSheet } from './help-sheet.tsx';
import { Palette } from './palette.tsx';
import { type PageEntry, useAppCommands } from './use-commands.ts';
import { useShortcuts } from './use-shortcuts.ts';

export function CommandCentre({ pages, children }: { pages: readonly PageEntry[]; children: ReactNode }) {
  const [shown, setShown] = useState<'palette' | 'help' | null>(null);
  const openPalette = useCallback(() => setShown('palette'), []);
  const { all, bindable } = useAppCommands(pages, shown === 'palette', setShown);
  useShortcuts(all);
  const value = useMemo((): Commands => ({ all, bindable, openPalette }), [all, bindable, openPalette]);
  const close = () => setShown(null);
  return (
    <CommandContext value={value}>
      {children}
      <Palette opened={shown === 'palette'} onClose={close} commands={all} />
      <HelpSheet opened={shown === 'help'} onClose={close} commands={all} />
    </CommandContext>
  );
}
