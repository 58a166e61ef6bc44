/** The draft and its errors, for the fields of the form. */
import { Switch, type SwitchProps, type TextInputProps } from '@mantine/core';
import { createContext, useContext } from 'react';
import type { RunConfig } from '../../../shared/config.ts';
import { NumberField } from '../../components/number-field.tsx';
import { type Path, valueAt } from './lib/draft.ts';

export interface Form {
  readonly draft: RunConfig;
  readonly errors: ReadonlyMap<Path, string>;
  set(path: Path, value: unknown): void;
}

export const FormContext = createContext<Form | null>(null);

export function useForm(): Form {
  const form = useContext(FormContext);
  if (!form) throw new Error('a field stands outside the form');
  return form;
}

interface NumberAtProps extends Omit<TextInputProps, 'value' | 'onChange'> {
  path: Path;
  suffix?: string;
  by?: number;
  /** An empty field means null. */
  nullable?: boolean;
}

/** A number of the configuration; its error stands below it. */
export function NumberAt({ path, nullable = false, ...props }: NumberAtProps) {
  const { draft, errors, set } = useForm();
  const value = valueAt(draft, path) as number | null;
  return (
    <NumberField
      {...props}
      data-path={path}
      value={value ?? Number.NaN}
      error={errors.get(path) ?? null}
      onChange={(next, text) => set(path, nullable && text.trim() === '' ? null : next)}
    />
  );
}

/** A switch of the configuration. */
export function SwitchAt({ path, ...props }: { path: Path } & Omit<SwitchProps, 'checked' | 'onChange'>) {
  const { draft, set } = useForm();
  return (
    <Switch
      {...props}
      checked={Boolean(valueAt(draft, path))}
      onChange={(event) => set(path, event.currentTarget.checked)}
    />
  );
}
