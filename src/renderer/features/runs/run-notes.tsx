/** Tags and note of a run: shown on its card and its page, changed in a dialog. */
import { Badge, Button, Group, Modal, Stack, TagsInput, Text, Textarea, Tooltip } from '@mantine/core';
import { IconPencil, IconTag } from '@tabler/icons-react';
import { useState } from 'react';
import type { RunSummary } from '../../../shared/api.ts';
import { maxNoteLength, maxTagLength, maxTags, tidyTags } from '../../../shared/run-notes.ts';
import { call } from '../../door/index.ts';
import { formatCount } from '../../lib/format.ts';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { allTags } from './lib/filter.ts';
import classes from './runs.module.css';

const texts = t.runs.notes;

type Noted = Pick<RunSummary, 'name' | 'tags' | 'note'>;

/** For the page of a run: what is written on it, and the way to change it. */
export function RunNotesLine({ run }: { run: Noted }) {
  const [editing, setEditing] = useState(false);
  const bare = run.tags.length === 0 && run.note === '';
  return (
    <Stack gap={6} align="flex-start">
      <Group gap={6}>
        <Tags tags={run.tags} />
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          leftSection={bare ? <IconTag size={14} /> : <IconPencil size={14} />}
          onClick={() => setEditing(true)}
        >
          {bare ? texts.add : texts.change}
        </Button>
      </Group>
      {run.note !== '' && (
        <Text size="sm" className={classes.note}>
          {run.note}
        </Text>
      )}
      {editing && <NotesDialog run={run} onClose={() => setEditing(false)} />}
    </Stack>
  );
}

/** Tags as chips; with `onTag` each can be pressed. */
export function Tags({ tags, onTag }: { tags: readonly string[]; onTag?: (tag: string) => void }) {
  return tags.map((tag) =>
    onTag ? (
      <Tooltip key={tag} label={t.runs.tag.only(tag)}>
        <Badge
          component="button"
          type="button"
          variant="light"
          tt="none"
          fw={550}
          className={classes.tag}
          aria-label={t.runs.tag.only(tag)}
          onClick={() => onTag(tag)}
        >
          {tag}
        </Badge>
      </Tooltip>
    ) : (
      <Badge key={tag} variant="light" tt="none" fw={550}>
        {tag}
      </Badge>
    ),
  );
}

/** Mounted while it is open, so that it begins with what the run has. */
export function NotesDialog({ run, onClose }: { run: Noted; onClose: () => void }) {
  const runs = useQuery('runs.list', undefined);
  const [tags, setTags] = useState<string[]>([...run.tags]);
  const [note, setNote] = useState(run.note);
  const { busy, run: act } = useAction();
  const long = tags.find((tag) => tag.length > maxTagLength);
  const left = maxNoteLength - note.length;
  const save = () =>
    act(async () => {
      await call('runs.annotate', { name: run.name, notes: { tags: tidyTags(tags), note: note.trimEnd() } });
      refresh('runs.list', 'runs.get');
    }).then((done) => done && onClose());
  return (
    <Modal opened onClose={onClose} title={texts.title(run.name)} styles={{ title: { overflowWrap: 'anywhere' } }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Stack>
          <TagsInput
            label={texts.tags}
            description={texts.tagsHint(maxTags)}
            data={runs.data ? allTags(runs.data) : []}
            value={tags}
            onChange={(next) => setTags(tidyTags(next))}
            maxTags={maxTags}
            splitChars={[',']}
            acceptValueOnBlur
            openOnFocus={false}
            clearable
            error={long === undefined ? null : texts.tagTooLong(`${long.slice(0, maxTagLength)}…`)}
            data-autofocus
          />
          <Textarea
            label={texts.note}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            autosize
            minRows={4}
            maxRows={14}
            error={left < 0 ? texts.tooLong(formatCount(-left)) : null}
            description={left < 200 && left >= 0 ? texts.noteHint(formatCount(left)) : undefined}
          />
          <Text size="xs" c="dimmed">
            {texts.where}
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.common.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={long !== undefined || left < 0}>
              {texts.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
