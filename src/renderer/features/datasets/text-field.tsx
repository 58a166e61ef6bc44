/** Which field of the records is the text: a guess that can be seen and changed. */
import { Autocomplete, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { SourceReport } from '../../../shared/dataset.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { useAction } from '../../store/action.ts';
import { t } from '../../strings.ts';
import classes from './datasets.module.css';
import { beginningsOf, textFieldsOf } from './lib/text-fields.ts';

const texts = t.datasets.form;

/** `value`: the field that was asked for, null where it is guessed. */
export function TextFieldChoice({
  report,
  value,
  onChange,
}: {
  report: SourceReport;
  value: string | null;
  onChange: (field: string | null) => Promise<void>;
}) {
  const { names, guessed } = textFieldsOf(report);
  const [typed, setTyped] = useState(value ?? guessed ?? '');
  const { busy, run } = useAction();
  const look = (field: string) => {
    const wanted = field.trim();
    void run(() => onChange(wanted === '' || (wanted === guessed && value === null) ? null : wanted));
  };
  return (
    <Stack gap={4}>
      <Group align="flex-end" gap="xs" wrap="nowrap">
        <Autocomplete
          label={texts.textField}
          description={value === null && guessed !== null ? texts.textFieldGuess(guessed) : texts.textFieldNote}
          data={names}
          // What is typed is a field already: all others stay in sight.
          filter={({ options }) => options}
          value={typed}
          onChange={setTyped}
          onOptionSubmit={look}
          onKeyDown={(event) => event.key === 'Enter' && look(typed)}
          style={{ flex: 1, minWidth: 0 }}
          spellCheck={false}
        />
        <Button
          variant="default"
          loading={busy}
          disabled={typed.trim() === (value ?? guessed ?? '')}
          onClick={() => look(typed)}
        >
          {texts.textFieldLook}
        </Button>
      </Group>
    </Stack>
  );
}

export function Beginnings({ report }: { report: SourceReport }) {
  const beginnings = beginningsOf(report);
  if (beginnings.length === 0) return null;
  return (
    <div>
      <Text size="xs" c="dimmed" mb={2}>
        {texts.beginnings}
      </Text>
      <ScrollBox label={texts.beginnings} className={classes.beginnings}>
        {beginnings.map((text, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: texts may repeat; the place is what they are known by.
          <p key={i}>{text}</p>
        ))}
      </ScrollBox>
    </div>
  );
}
