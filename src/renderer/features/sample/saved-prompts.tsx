/** Prompts that are kept under a name: used, renamed, deleted. */
import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconBookmarkPlus, IconDots, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { savedPrompt } from '../../../shared/prompts.ts';
import { Truncated } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './sample.module.css';

const texts = t.sample.saved;

export function SavedPrompts({ prompt, onUse }: { prompt: string; onUse: (text: string) => void }) {
  const { data } = useQuery('prompts.list', undefined);
  const [name, setName] = useState('');
  const [renaming, setRenaming] = useState<{ from: string; to: string } | null>(null);
  const { busy, run: act } = useAction();
  const saved = data ?? [];
  const parsed = savedPrompt.safeParse({ name, text: prompt });
  const change = async (work: () => Promise<unknown>): Promise<boolean> => {
    const worked = await act(work);
    refresh('prompts.');
    return worked;
  };
  const save = async () => {
    if (parsed.success && (await change(() => call('prompts.save', parsed.data)))) setName('');
  };
  const rename = async () => {
    if (renaming && (await change(() => call('prompts.rename', renaming)))) setRenaming(null);
  };
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {texts.title}
      </Text>
      {saved.length === 0 ? (
        <Text size="xs" c="dimmed">
          {texts.none}
        </Text>
      ) : (
        <ul className={classes.prompts} aria-label={texts.title}>
          {saved.map((one) => (
            <li key={one.name} className={classes.prompt}>
              <button
                type="button"
                className={classes.use}
                aria-label={texts.use(one.name)}
                onClick={() => onUse(one.text)}
              >
                <Truncated size="sm">{one.name}</Truncated>
                <Text size="xs" c="dimmed" truncate="end">
                  {one.text}
                </Text>
              </button>
              <Menu position="bottom-end" width={150}>
                <Menu.Target>
                  <ActionIcon variant="subtle" color="gray" size="sm" aria-label={texts.more(one.name)}>
                    <IconDots size={15} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item
                    leftSection={<IconPencil size={15} />}
                    onClick={() => setRenaming({ from: one.name, to: one.name })}
                  >
                    {texts.rename}
                  </Menu.Item>
                  <Menu.Item
                    color="red"
                    leftSection={<IconTrash size={15} />}
                    onClick={() => change(() => call('prompts.delete', { name: one.name }))}
                  >
                    {texts.remove}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </li>
          ))}
        </ul>
      )}
      <form
        className={classes.save}
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextInput
          size="xs"
          aria-label={texts.name}
          placeholder={texts.namePlaceholder}
          value={name}
          maxLength={60}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button
          size="xs"
          type="submit"
          variant="default"
          loading={busy}
          disabled={!parsed.success || prompt === ''}
          title={prompt === '' ? texts.empty : undefined}
          leftSection={<IconBookmarkPlus size={15} />}
        >
          {saved.some((one) => one.name === name.trim()) ? texts.replace : texts.save}
        </Button>
      </form>
      <Modal
        opened={renaming !== null}
        onClose={() => setRenaming(null)}
        title={texts.renameTitle(renaming?.from ?? '')}
      >
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void rename();
          }}
        >
          <Stack>
            <TextInput
              label={texts.newName}
              data-autofocus
              maxLength={60}
              value={renaming?.to ?? ''}
              onChange={(event) => renaming && setRenaming({ ...renaming, to: event.currentTarget.value })}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setRenaming(null)}>
                {t.common.cancel}
              </Button>
              <Button type="submit" loading={busy} disabled={!savedPrompt.shape.name.safeParse(renaming?.to).success}>
                {texts.rename}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </Stack>
  );
}
