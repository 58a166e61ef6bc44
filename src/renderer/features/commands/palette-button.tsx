import { Tooltip, UnstyledButton } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { isMac } from '../../lib/mac.ts';
import { t } from '../../strings.ts';
import classes from './commands.module.css';
import { useCommands } from './context.ts';
import { KeyCaps } from './key-caps.tsx';
import { keyWords } from './lib/keys.ts';

/** Opens the palette, for those who do not know its keys, and says them. */
export function PaletteButton({ wide }: { wide: boolean }) {
  const { openPalette, all } = useCommands();
  const keys = all.find(({ id }) => id === 'palette')?.keys ?? '';
  const words = keys === '' ? t.commands.open : `${t.commands.open} (${keyWords(keys, isMac, t.commands.followedBy)})`;
  return (
    <Tooltip label={words} position="right" disabled={wide}>
      <UnstyledButton
        className={classes.open}
        aria-label={wide ? undefined : t.commands.open}
        data-tour="commands"
        onClick={openPalette}
      >
        <IconSearch size={18} stroke={1.6} aria-hidden="true" />
        {wide && (
          <>
            <span className={classes.openText}>{t.commands.short}</span>
            <KeyCaps keys={keys} />
          </>
        )}
      </UnstyledButton>
    </Tooltip>
  );
}
