/** The whole page takes drops, and says beforehand what one will do. */
import { Box, Stack, Text, Title } from '@mantine/core';
import { IconFolderDown } from '@tabler/icons-react';
import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import { t } from '../../strings.ts';
import classes from './datasets.module.css';

const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');

export function DropArea({
  onDrop,
  paths,
  texts = t.datasets.drop,
  children,
}: {
  onDrop: (data: DataTransfer) => void;
  paths: boolean;
  texts?: { readonly title: string; readonly textPaths: string; readonly textUpload: string };
  children: ReactNode;
}) {
  const [over, setOver] = useState(false);
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
        setOver(true);
      }}
      onDragOver={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
      }}
      onDragLeave={(event) => {
        if (!holdsFiles(event)) return;
        depth.current = Math.max(0, depth.current - 1);
        if (depth.current === 0) setOver(false);
      }}
      onDrop={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        depth.current = 0;
        setOver(false);
        onDrop(event.dataTransfer);
      }}
    >
      {children}
      {over && (
        <div className={classes.overlay} role="status">
          <Stack align="center" gap="xs" className={classes.overlayBox}>
            <IconFolderDown size={44} stroke={1.4} />
            <Title order={2}>{texts.title}</Title>
            <Text size="sm" maw={380} ta="center">
              {paths ? texts.textPaths : texts.textUpload}
            </Text>
          </Stack>
        </div>
      )}
    </Box>
  );
}
