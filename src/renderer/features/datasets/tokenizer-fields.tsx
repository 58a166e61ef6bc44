/** What a tokenizer that is trained, or that a file brings, is asked for beside its kind. */
import { TextInput } from '@mantine/core';
import type { PrepareConfig, TokenizerChoice } from '../../../shared/dataset.ts';
import { NumberField } from '../../components/number-field.tsx';
import { t } from '../../strings.ts';
import { type TokenizerKind, type TokenizerSettings, tokenizerError } from './lib/tokenizer-choice.ts';

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
      <TextInput
        label={texts.tokenizerPath}
        description={texts.tokenizerPathNote}
        value={settings.path}
        onChange={(event) => onChange({ ...settings, path: event.currentTarget.value })}
        error={error === null || settings.path === '' ? null : texts[error]}
        spellCheck={false}
      />
    );
  return null;
}
