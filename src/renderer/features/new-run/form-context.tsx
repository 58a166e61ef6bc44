/** The draft and its errors, for the fields of the form. */
import { Select, Switch, type SwitchProps, type TextInputProps } from '@mantine/core';
import { createContext, useContext } from 'react';
import type { RunConfig } from '../../../shared/config.ts';
import { NumberField } from '../../components/number-field.tsx';
import { fieldText } from '../../strings/run-fields.ts';
import { t } from '../../strings.ts';
import { type Path, valueAt } from './lib/draft.ts';
import type { Depth, Field } from './lib/field-table.ts';

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
  /** The field shows the value divided by this. */
  scale?: number;
}

/** A number of the configuration; its error stands below it. */
export function NumberAt({ path, nullable = false, scale = 1, ...props }: NumberAtProps) {
  const { draft, errors, set } = useForm();
  const value = valueAt(draft, path) as number | null;
  return (
    <NumberField
      {...props}
      data-path={path}
      value={value === null || value === undefined ? Number.NaN : value / scale}
      error={errors.get(path) ?? null}
      onChange={(next, text) => set(path, nullable && text.trim() === '' ? null : inUnits(next, scale))}
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

/** Bytes are whole, whatever was typed in GB. */
const inUnits = (typed: number, scale: number): number => (scale === 1 ? typed : Math.round(typed * scale));

/** A field by the table. At the greatest depth its help stands under its name; before that it is a tooltip. */
export function FieldAt({ field, depth }: { field: Field; depth: Depth }) {
  const { draft, errors, set } = useForm();
  const { path, kind } = field;
  const { label, help, unit, options } = fieldText(path);
  const explained = depth === 'everything' ? { description: help } : { title: help };
  if (kind === 'switch') return <SwitchAt path={path} label={label} aria-label={label} size="xs" {...explained} />;
  if (kind === 'choice')
    return (
      <Select
        label={label}
        {...explained}
        data-path={path}
        data={Object.entries(options ?? {}).map(([option, text]) => ({ value: option, label: text }))}
        value={String(valueAt(draft, path))}
        error={errors.get(path)}
        onChange={(chosen) => chosen && set(path, chosen)}
        allowDeselect={false}
      />
    );
  const { by, nullable, scale } = field;
  return (
    <NumberAt
      path={path}
      label={label}
      suffix={unit}
      by={by}
      nullable={nullable}
      scale={scale}
      placeholder={nullable ? t.newRun.fields.none[path] : undefined}
      {...explained}
    />
  );
}
