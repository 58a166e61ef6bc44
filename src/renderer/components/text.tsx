import { ActionIcon, Code, CopyButton, Group, Text, type TextProps, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { t } from '../strings.ts';

/** One line; what does not fit is in the tooltip. */
export function Truncated({ children, ...props }: { children: string } & TextProps) {
  return (
    <Tooltip label={children} openDelay={600} styles={{ tooltip: { overflowWrap: 'anywhere' } }}>
      <Text truncate="end" {...props}>
        {children}
      </Text>
    </Tooltip>
  );
}

/** A figure with its name above it. */
export function Figure({ label, children, title }: { label: string; children: ReactNode; title?: string }) {
  return (
    <div title={title} style={{ minWidth: 0 }}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" fw={550} className="numbers" truncate="end" component="div">
        {children}
      </Text>
    </div>
  );
}

/** Text to take along: a path, a command. */
export function Copyable({ text, label, lines = false }: { text: string; label: string; lines?: boolean }) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Code
        block
        style={{
          flex: 1,
          minWidth: 0,
          whiteSpace: lines ? 'pre-wrap' : 'pre',
          overflowX: 'auto',
          overflowWrap: 'anywhere',
        }}
        py={6}
        tabIndex={0}
      >
        {text}
      </Code>
      <CopyIcon text={text} label={label} />
    </Group>
  );
}

export function CopyIcon({ text, label }: { text: string; label: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t.common.copied : label}>
          <ActionIcon variant="subtle" color={copied ? 'teal' : 'gray'} onClick={copy} aria-label={label}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
