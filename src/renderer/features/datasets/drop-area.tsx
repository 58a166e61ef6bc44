/** The whole page takes drops, and says beforehand what one will do. */
import { Box, Stack, Text, Title } from '@mantine/core';
import { IconFolderDown } from '@tabler/icons-react';
import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import classes from './datasets.module.css';
import { describeDrag } from './lib/drag.ts';

const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');

export function DropArea({
  onDrop,
  paths,
  texts,
  children,
}: {
  onDrop: (data: DataTransfer) => void;
  paths: boolean;
  texts?: { readonly title: string; readonly textPaths: string; readonly textUpload: string };
  children: ReactNode;
}) {
  const [over, setOver] = useState<{ title: string; text: string } | null>(null);
  // Entering a child leaves its parent: only the outermost leave counts.
  const depth = useRef(0);
  return (
    <Box
      className={classes.area}
      data-testid="drop-area"
      onDragEnter={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        depth.current++;
        // What the items are called is not told before the drop; what they are, mostly.
        setOver(describeDrag(Array.from(event.dataTransfer.items), paths));
      }}
      onDragOver={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
      }}
      onDragLeave={(event) => {
        if (!holdsFiles(event)) return;
        depth.current = Math.max(0, depth.current - 1);
        if (depth.current === 0) setOver(null);
      }}
      onDrop={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        depth.current = 0;
        setOver(null);
        onDrop(event.dataTransfer);
      }}
    >
      {children}
      {over && (
        <div className={classes.overlay} role="status">
          <Stack align="center" gap="xs" className={classes.overlayBox}>
            <IconFolderDown size={44} stroke={1.4} />
            <Title order={2}>{texts ? texts.title : over.title}</Title>
            <Text size="sm" maw={380} ta="center">
              {texts ? (paths ? texts.textPaths : texts.textUpload) : over.text}
            </Text>
          </Stack>
        </div>
      )}
    </Box>
  );
}
