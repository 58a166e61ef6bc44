/** Large data that lies on the host's disk is read there: its path instead of an upload. */
import { Button, Group, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { t } from '../../strings.ts';

const texts = t.datasets.path;
/** /data, C:\data, \\server\share */
const isAbsolute = (path: string): boolean => /^(\/|[a-z]:[\\/]|\\\\)/i.test(path);

export function PathField({ onPath, busy }: { onPath: (path: string) => void; busy: boolean }) {
  const [path, setPath] = useState('');
  const [error, setError] = useState<string | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const given = path.trim();
    if (!isAbsolute(given)) {
      setError(texts.relative);
      return;
    }
    setError(null);
    onPath(given);
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-start" gap="xs" wrap="nowrap">
        <TextInput
          aria-label={texts.label}
          placeholder={texts.placeholder}
          value={path}
          error={error}
          onChange={(event) => setPath(event.currentTarget.value)}
          spellCheck={false}
          style={{ flex: 1, minWidth: 0 }}
        />
        <Button type="submit" variant="default" loading={busy} disabled={path.trim() === ''}>
          {texts.look}
        </Button>
      </Group>
    </form>
  );
}
