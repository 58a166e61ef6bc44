/** A field for the data folder that says what the folder would be before it is used. */
import { Button, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconFolderOpen } from '@tabler/icons-react';
import type { HomeCheck } from '../../../shared/home.ts';
import { call } from '../../door/index.ts';
import { formatBytes } from '../../lib/format.ts';
import { useAction } from '../../store/action.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';

const texts = t.home;

/** Looks at the folder that is typed, once the typing rests. */
export function useHomeCheck(typed: string): HomeCheck | null {
  const [path] = useDebouncedValue(typed, 200);
  const { data } = useQuery('home.check', path.trim() === '' ? null : { path });
  return path === typed ? (data ?? null) : null;
}

export function HomeField({
  value,
  onChange,
  check,
  disabled = false,
}: {
  value: string;
  onChange: (value: string) => void;
  check: HomeCheck | null;
  disabled?: boolean;
}) {
  const info = useQuery('app.info', undefined);
  const { busy, run } = useAction();
  return (
    <div>
      <Group align="flex-start" gap="xs">
        <TextInput
          aria-label={texts.field}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
          error={check?.problem ? `${check.problem.message} ${check.problem.next}` : null}
          readOnly={disabled}
          style={{ flex: 1, minWidth: 240 }}
          spellCheck={false}
          autoComplete="off"
        />
        {info.data?.capabilities.dialogs && (
          <Button
            variant="default"
            leftSection={<IconFolderOpen size={16} />}
            loading={busy}
            disabled={disabled}
            onClick={() =>
              run(async () => {
                const [chosen] = await call('dialog.open', { kind: 'folder' });
                if (chosen) onChange(chosen);
              })
            }
          >
            {texts.choose}
          </Button>
        )}
      </Group>
      {!check?.problem && (
        <Text size="xs" c="dimmed" mt={6} role="status" className="numbers" mih={18}>
          {check === null ? (value.trim() === '' ? '' : texts.checking) : standing(check)}
        </Text>
      )}
    </div>
  );
}

function standing({ free, runs, datasets }: HomeCheck): string {
  const space = free === null ? texts.freeUnknown : texts.free(formatBytes(free));
  return runs + datasets > 0 ? `${space}. ${texts.holds(runs, datasets)}` : `${space}.`;
}
