/** What a tokenizer that is trained, or that a file brings, is asked for beside its kind. */
import { Button, FileButton, TextInput } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { PrepareConfig, TokenizerChoice } from '../../../shared/dataset.ts';
import { NumberField } from '../../components/number-field.tsx';
import { useAction } from '../../store/action.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { type TokenizerKind, type TokenizerSettings, tokenizerError } from './lib/tokenizer-choice.ts';
import { takesTokenizer, tokenizerPath } from './tokenizer-file.ts';

export const kindOf = (choice: TokenizerChoice): TokenizerKind => (typeof choice === 'string' ? choice : choice.kind);

/** The settings of an earlier try, or those to begin with. */
export function startingSettings(earlier: PrepareConfig['tokenizer']): TokenizerSettings {
  const given = typeof earlier === 'string' ? null : earlier;
  return {
    path: given?.kind === 'huggingface' ? given.path : '',
    vocabSize: given?.kind === 'trained' ? given.vocabSize : 8192,
  };
}

export function TokenizerFields({
  kind,
  settings,
  onChange,
}: {
  kind: TokenizerKind;
  settings: TokenizerSettings;
  onChange: (settings: TokenizerSettings) => void;
}) {
  const texts = t.datasets.form;
  const error = tokenizerError(kind, settings);
  if (kind === 'trained')
    return (
      <NumberField
        label={texts.vocabSize}
        description={texts.vocabSizeNote}
        value={settings.vocabSize}
        onChange={(vocabSize) => onChange({ ...settings, vocabSize })}
        error={error === null ? null : texts[error]}
      />
    );
  if (kind === 'huggingface')
    return (
      <TokenizerPath
        value={settings.path}
        error={error === null || settings.path === '' ? null : texts[error]}
        onChange={(path) => onChange({ ...settings, path })}
      />
    );
  return null;
}

/** By path, by the browser's or the system's chooser, or dropped on the page. */
function TokenizerPath({
  value,
  error,
  onChange,
}: {
  value: string;
  error: string | null;
  onChange: (path: string) => void;
}) {
  const texts = t.datasets.form;
  const info = useQuery('app.info', undefined);
  const { busy, run } = useAction();
  const take = (file: File | null) =>
    file && void run(async () => onChange(await tokenizerPath(file, info.data?.capabilities)));
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => takesTokenizer((file) => latest.current(file)), []);
  return (
    <TextInput
      label={texts.tokenizerPath}
      description={texts.tokenizerPathNote}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      error={error}
      spellCheck={false}
      rightSectionWidth={96}
      rightSection={
        <FileButton onChange={take} accept=".json,application/json" inputProps={{ 'aria-label': texts.tokenizerFile }}>
          {(props) => (
            <Button {...props} size="compact-sm" variant="light" loading={busy}>
              {texts.tokenizerChoose}
            </Button>
          )}
        </FileButton>
      }
    />
  );
}
