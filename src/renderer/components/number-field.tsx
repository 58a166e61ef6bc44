import { Text, TextInput, type TextInputProps } from '@mantine/core';
import { useState } from 'react';
import { formatCount, formatSetting, parseNumber } from '../lib/format.ts';

interface Props extends Omit<TextInputProps, 'value' | 'onChange'> {
  /** NaN shows an empty field. */
  value: number;
  onChange: (value: number, text: string) => void;
  /** Unit at the right end of the field. */
  suffix?: string;
  /** What arrow keys add or take; with Shift ten times that. None: they move the caret only. */
  by?: number;
}

/** The value in full, for editing. */
const written = (value: number): string => {
  if (Number.isNaN(value)) return '';
  return Number.isInteger(value) && Math.abs(value) >= 10_000 ? formatCount(value) : formatSetting(value);
};

/** The value at rest: six digits say what it is. */
const shortened = (value: number): string => written(Number.isInteger(value) ? value : Number(value.toPrecision(6)));

/** A number as people type it: 3e-4, 10k, 10,000. What cannot be read becomes NaN, which no schema accepts. */
export function NumberField({ value, onChange, suffix, by, ...props }: Props) {
  const [draft, setDraft] = useState('');
  const [focused, setFocused] = useState(false);
  return (
    <TextInput
      {...props}
      value={focused || Number.isNaN(value) ? draft : shortened(value)}
      inputMode="decimal"
      autoComplete="off"
      spellCheck={false}
      className="numbers"
      onFocus={(event) => {
        if (!Number.isNaN(value)) setDraft(written(value));
        setFocused(true);
        props.onFocus?.(event);
      }}
      onChange={(event) => {
        setDraft(event.currentTarget.value);
        onChange(parseNumber(event.currentTarget.value), event.currentTarget.value);
      }}
      onBlur={(event) => {
        setFocused(false);
        props.onBlur?.(event);
      }}
      onKeyDown={(event) => {
        if (by === undefined || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') || Number.isNaN(value)) return;
        event.preventDefault();
        const step = by * (event.shiftKey ? 10 : 1);
        const next = Math.max(0, value + (event.key === 'ArrowUp' ? step : -step));
        setDraft(written(next));
        onChange(next, written(next));
      }}
      rightSection={
        suffix ? (
          <Text size="xs" c="dimmed" component="span">
            {suffix}
          </Text>
        ) : undefined
      }
      rightSectionWidth={suffix ? Math.max(34, 10 + 7.2 * suffix.length) : undefined}
      rightSectionPointerEvents="none"
    />
  );
}
