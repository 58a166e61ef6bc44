/** The command palette: one field that finds pages, runs, datasets and actions. */
import { Group, Modal, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { call } from '../../door/index.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './commands.module.css';
import type { Command } from './context.ts';
import { KeyCaps } from './key-caps.tsx';
import { find, used } from './lib/search.ts';

const texts = t.commands.palette;
/** More than anybody reads; what is meant is found by typing. */
const limit = 60;
/** Lines that a page key passes. */
const pageLines = 8;

export function Palette({
  opened,
  onClose,
  commands,
}: {
  opened: boolean;
  onClose: () => void;
  commands: readonly Command[];
}) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={texts.title}
      withCloseButton={false}
      centered={false}
      yOffset="12vh"
      size={620}
      padding={0}
      classNames={{ header: classes.hidden, content: classes.palette, body: classes.body }}
      transitionProps={{ duration: 120 }}
    >
      <Finder commands={commands} onClose={onClose} />
    </Modal>
  );
}

function Finder({ commands, onClose }: { commands: readonly Command[]; onClose: () => void }) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const settings = useQuery('settings.get', undefined);
  const recent = settings.data?.recent;
  const found = useMemo(
    () =>
      find(
        commands.filter(({ hidden }) => !hidden),
        query,
        recent ?? [],
      ).slice(0, limit),
    [commands, query, recent],
  );
  const active = Math.min(at, found.length - 1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another line is chosen.
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active, query]);

  const choose = (command: Command) => {
    onClose();
    const next = used(command.id, recent ?? []);
    // What was used last is a convenience: that it cannot be kept is no reason to speak.
    call('settings.set', { recent: next }).then(
      () => refresh('settings.'),
      () => undefined,
    );
    // The dialog gives the focus back first, so that a command may take it.
    setTimeout(() => command.run());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = {
      ArrowDown: active + 1 < found.length ? active + 1 : 0,
      ArrowUp: active > 0 ? active - 1 : found.length - 1,
      PageDown: Math.min(found.length - 1, active + pageLines),
      PageUp: Math.max(0, active - pageLines),
    }[event.key];
    if (to !== undefined) setAt(to);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      const command = found[active];
      if (command) choose(command);
    } else return;
    event.preventDefault();
  };
  const option = (command: Command) => `${id}-${command.id.replace(/[^\w-]/g, (c) => `_${c.codePointAt(0)}`)}`;
  const selected = found[active];
  return (
    <>
      <TextInput
        data-autofocus
        role="combobox"
        aria-label={texts.title}
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={selected ? option(selected) : undefined}
        aria-autocomplete="list"
        placeholder={texts.placeholder}
        size="lg"
        variant="unstyled"
        autoComplete="off"
        spellCheck={false}
        className={classes.field}
        leftSection={<IconSearch size={20} stroke={1.6} />}
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id={`${id}-list`} role="listbox" aria-label={texts.results} className={classes.list}>
        {found.map((command, i) => (
          <Line
            key={command.id}
            id={option(command)}
            command={command}
            selected={i === active}
            onPoint={() => setAt(i)}
            onChoose={() => choose(command)}
          />
        ))}
      </div>
      {found.length === 0 && (
        <Text size="sm" c="dimmed" p="lg" ta="center">
          {texts.nothing}
        </Text>
      )}
      <Group justify="space-between" className={classes.foot}>
        <Text size="xs" c="dimmed" role="status" className="numbers">
          {texts.found(found.length)}
        </Text>
        <Group gap="sm">
          <Hint keys="arrowup arrowdown" text={texts.hint.choose} />
          <Hint keys="enter" text={texts.hint.use} />
          <Hint keys="escape" text={texts.hint.close} />
        </Group>
      </Group>
    </>
  );
}

function Hint({ keys, text }: { keys: string; text: string }) {
  return (
    <Group gap={6} wrap="nowrap">
      {keys.split(' ').map((key) => (
        <KeyCaps key={key} keys={key} />
      ))}
      <Text size="xs" c="dimmed">
        {text}
      </Text>
    </Group>
  );
}

function Line({
  id,
  command,
  selected,
  onPoint,
  onChoose,
}: {
  id: string;
  command: Command;
  selected: boolean;
  onPoint: () => void;
  onChoose: () => void;
}) {
  const { icon: Icon, label, group, keys } = command;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the focus and takes the keys for all options.
    // biome-ignore lint/a11y/useFocusableInteractive: as above; aria-activedescendant says which option it is.
    <div
      id={id}
      role="option"
      aria-selected={selected}
      className={classes.line}
      onMouseMove={onPoint}
      onClick={onChoose}
    >
      <Icon size={18} stroke={1.6} aria-hidden="true" />
      <Text size="sm" truncate="end" style={{ flex: 1 }} title={label}>
        {label}
      </Text>
      <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
        {t.commands.groups[group]}
      </Text>
      <KeyCaps keys={keys} />
    </div>
  );
}
