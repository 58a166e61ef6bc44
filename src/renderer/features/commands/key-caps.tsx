import { Group, Kbd, Text, VisuallyHidden } from '@mantine/core';
import { isMac } from '../../lib/mac.ts';
import { t } from '../../strings.ts';
import { keyCaps, keyWords } from './lib/keys.ts';

/** Keys as caps; read out as words. */
export function KeyCaps({ keys }: { keys: string }) {
  const strokes = keyCaps(keys, isMac);
  if (strokes.length === 0) return null;
  return (
    <>
      <VisuallyHidden>{keyWords(keys, isMac, t.commands.followedBy)}</VisuallyHidden>
      <Group gap={4} wrap="nowrap" aria-hidden="true" component="span">
        {strokes.map((caps, i) => (
          <Group key={caps.join('+')} gap={4} wrap="nowrap" component="span">
            {i > 0 && (
              <Text span size="xs" c="dimmed">
                {t.commands.followedBy}
              </Text>
            )}
            {caps.map((cap) => (
              <Kbd key={cap} size="xs">
                {cap}
              </Kbd>
            ))}
          </Group>
        ))}
      </Group>
    </>
  );
}
