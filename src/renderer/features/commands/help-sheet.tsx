/** Every shortcut on one sheet. */
import { Anchor, Modal, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import { routes } from '../../lib/routes.ts';
import { t } from '../../strings.ts';
import classes from './commands.module.css';
import type { Command } from './context.ts';
import { KeyCaps } from './key-caps.tsx';

const texts = t.commands;
const groups = ['pages', 'actions'] as const;

export function HelpSheet({
  opened,
  onClose,
  commands,
}: {
  opened: boolean;
  onClose: () => void;
  commands: readonly Command[];
}) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={texts.help.title}
      size={720}
      closeButtonProps={{ 'aria-label': t.common.close }}
    >
      <div className={classes.sheet}>
        {groups.map((group) => (
          <section key={group} aria-label={texts.groups[group]}>
            <Title order={3} mb={6}>
              {texts.groups[group]}
            </Title>
            {commands
              .filter((command) => command.group === group && command.keys !== '')
              .map(({ id, label, keys }) => (
                <div key={id} className={classes.row}>
                  <Text size="sm">{label}</Text>
                  <KeyCaps keys={keys} />
                </div>
              ))}
          </section>
        ))}
      </div>
      <Anchor component={Link} href={routes.settings} size="sm" onClick={onClose} mt="md" display="inline-block">
        {texts.help.change}
      </Anchor>
    </Modal>
  );
}
