import { Paper, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Settings } from '../../../shared/api.ts';
import { call } from '../../door/index.ts';
import { refresh } from '../../store/cache.ts';

/** A part of the settings under its heading. */
export function Part({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <Paper component="section" aria-label={title}>
      <Title order={2} mb={note ? 2 : 'sm'}>
        {title}
      </Title>
      {note && (
        <Text size="sm" c="dimmed" mb="sm">
          {note}
        </Text>
      )}
      {children}
    </Paper>
  );
}

export async function save(values: Partial<Settings>): Promise<void> {
  await call('settings.set', values);
  refresh('settings.');
}
