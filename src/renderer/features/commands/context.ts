/** What can be done from anywhere, for the palette, the help sheet and the settings. */
import type { IconProps } from '@tabler/icons-react';
import { type ComponentType, createContext, useContext } from 'react';
import type { t } from '../../strings.ts';
import type { Bindable } from './lib/bindings.ts';
import type { Searchable } from './lib/search.ts';

export interface Command extends Searchable {
  readonly group: keyof typeof t.commands.groups;
  readonly icon: ComponentType<IconProps>;
  /** Keys that it has now; '' for none. */
  readonly keys: string;
  /** Not in the palette: it opens it, or needs the page. */
  readonly hidden?: boolean;
  run(): void;
}

export interface Commands {
  readonly all: readonly Command[];
  /** Those that can be given keys. */
  readonly bindable: readonly Bindable[];
  openPalette(): void;
}

export const CommandContext = createContext<Commands | null>(null);

export function useCommands(): Commands {
  const commands = useContext(CommandContext);
  if (commands === null) throw new Error('no commands around this');
  return commands;
}
