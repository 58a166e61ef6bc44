/** Every command with its keys, each of which can be changed, taken away and reset. */
import { ActionIcon, Button, Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { Settings } from '../../../shared/api.ts';
import { isMac } from '../../lib/mac.ts';
import { useAction } from '../../store/action.ts';
import { t } from '../../strings.ts';
import { useCommands } from '../commands/context.ts';
import { KeyCaps } from '../commands/key-caps.tsx';
import { type Bindable, conflicts, keysOf, rebound } from '../commands/lib/bindings.ts';
import { keyWords, refusal, sequenceTime, strokeOf } from '../commands/lib/keys.ts';
import { Part, save } from './part.tsx';
import classes from './settings.module.css';

const texts = t.settings.shortcuts;

export function ShortcutsPart({ settings }: { settings: Settings }) {
  const { bindable } = useCommands();
  const [changing, setChanging] = useState<string | null>(null);
  const { run } = useAction();
  const chosen = settings.shortcuts;
  const set = (keys: string, of: Bindable) => {
    setChanging(null);
    void run(() => save({ shortcuts: rebound(keys, of, bindable, chosen) }));
  };
  return (
    <Part title={texts.title} note={texts.note}>
      <Stack gap={0}>
        {bindable.map((one) => (
          <Row
            key={one.id}
            of={one}
            all={bindable}
            chosen={chosen}
            changing={changing === one.id}
            onChange={() => setChanging(one.id)}
            onCancel={() => setChanging(null)}
            onSet={(keys) => set(keys, one)}
          />
        ))}
      </Stack>
      <Button
        mt="sm"
        variant="default"
        disabled={Object.keys(chosen).length === 0}
        onClick={() => run(() => save({ shortcuts: {} }))}
      >
        {texts.resetAll}
      </Button>
    </Part>
  );
}

function Row({
  of,
  all,
  chosen,
  changing,
  onChange,
  onCancel,
  onSet,
}: {
  of: Bindable;
  all: readonly Bindable[];
  chosen: Settings['shortcuts'];
  changing: boolean;
  onChange: () => void;
  onCancel: () => void;
  onSet: (keys: string) => void;
}) {
  const [wanted, setWanted] = useState<string | null>(null);
  const keys = keysOf(of, chosen);
  const taken = wanted === null ? [] : conflicts(wanted, of, all, chosen);
  const refused = wanted === null ? null : refusal(wanted);
  const words = (text: string) => keyWords(text, isMac, t.commands.followedBy);
  const take = (pressed: string) => {
    if (refusal(pressed) === null && conflicts(pressed, of, all, chosen).length === 0) onSet(pressed);
    else setWanted(pressed);
  };
  const cancel = () => {
    setWanted(null);
    onCancel();
  };
  return (
    <div className={classes.shortcut}>
      <Group justify="space-between" wrap="nowrap" gap="sm" mih={38}>
        <Text size="sm">{of.label}</Text>
        {changing && wanted === null ? (
          <Recorder onKeys={take} onCancel={cancel} label={texts.changeOf(of.label)} />
        ) : (
          <Group gap={6} wrap="nowrap">
            {keys === '' ? (
              <Text size="xs" c="dimmed">
                {texts.none}
              </Text>
            ) : (
              <KeyCaps keys={keys} />
            )}
            <Button
              size="compact-xs"
              variant="default"
              aria-label={texts.changeOf(of.label)}
              onClick={() => {
                setWanted(null);
                onChange();
              }}
            >
              {texts.change}
            </Button>
            <Tooltip label={texts.resetOf(of.label)}>
              <ActionIcon
                variant="subtle"
                color="gray"
                style={{ visibility: keys === of.own ? 'hidden' : undefined }}
                aria-label={texts.resetOf(of.label)}
                onClick={() => take(of.own)}
              >
                <IconArrowBackUp size={16} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={texts.removeOf(of.label)}>
              <ActionIcon
                variant="subtle"
                color="gray"
                style={{ visibility: keys === '' ? 'hidden' : undefined }}
                aria-label={texts.removeOf(of.label)}
                onClick={() => onSet('')}
              >
                <IconX size={16} />
              </ActionIcon>
            </Tooltip>
          </Group>
        )}
      </Group>
      {wanted !== null && (
        <Group gap="xs" role="alert" pb={8}>
          <Text size="xs">
            {refused === 'reserved'
              ? texts.refusedReserved(words(wanted))
              : refused === 'system'
                ? texts.refusedSystem(words(wanted))
                : texts.taken(words(wanted), taken.map(({ label }) => `“${label}”`).join(', '))}
          </Text>
          {refused === null && (
            <Button
              size="compact-xs"
              onClick={() => {
                setWanted(null);
                onSet(wanted);
              }}
            >
              {texts.replace}
            </Button>
          )}
          <Button size="compact-xs" variant="default" onClick={cancel}>
            {t.common.cancel}
          </Button>
        </Group>
      )}
    </div>
  );
}

/** Takes the next stroke, and one more where that follows soon. */
function Recorder({
  onKeys,
  onCancel,
  label,
}: {
  onKeys: (keys: string) => void;
  onCancel: () => void;
  label: string;
}) {
  const [first, setFirst] = useState<string | null>(null);
  const field = useRef<HTMLButtonElement>(null);
  const latest = useRef({ onKeys, onCancel });
  latest.current = { onKeys, onCancel };
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    if (first === null) return;
    const timer = setTimeout(() => latest.current.onKeys(first), sequenceTime);
    return () => clearTimeout(timer);
  }, [first]);
  return (
    <button
      ref={field}
      type="button"
      className={classes.recorder}
      aria-label={`${label}: ${texts.press}`}
      onBlur={() => first === null && onCancel()}
      onKeyDown={(event) => {
        const stroke = strokeOf(event, isMac);
        if (stroke === null) return;
        // Tab goes on, so that nobody is held here.
        if (stroke === 'tab' || stroke === 'shift+tab') return;
        event.preventDefault();
        event.stopPropagation();
        event.nativeEvent.stopImmediatePropagation();
        if (stroke === 'escape') onCancel();
        else if (first !== null) onKeys(`${first} ${stroke}`);
        // What is held with Ctrl or ⌘ stands alone.
        else if (stroke.includes('mod+') || refusal(stroke) !== null) onKeys(stroke);
        else setFirst(stroke);
      }}
    >
      {first === null ? texts.press : <KeyCaps keys={first} />}
    </button>
  );
}
