/** What a scan found, and what it leaves out and why. */
import { Badge, Group, Stack, Table, Tabs, Text } from '@mantine/core';
import type { SourceReport } from '../../../shared/dataset.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Truncated } from '../../components/text.tsx';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import classes from './datasets.module.css';

const shown = 200;

export function Report({ report }: { report: SourceReport }) {
  const texts = t.datasets.report;
  const invalid = report.files.reduce((sum, file) => sum + file.invalidUtf8, 0);
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {report.fileCount > 0 && (
          <Badge color="teal" tt="none" size="lg">
            {texts.found(formatCount(report.fileCount), formatBytes(report.bytes))}
          </Badge>
        )}
        {report.formats &&
          report.formats.length > 1 &&
          report.formats.map(({ format, files, bytes }) => (
            <Badge key={format} variant="default" tt="none" size="lg" fw={500}>
              {texts.byFormat(formatCount(files), texts.formats[format], formatBytes(bytes))}
            </Badge>
          ))}
        {report.skippedCount > 0 && (
          <Badge color="orange" tt="none" size="lg">
            {texts.skipped(formatCount(report.skippedCount))}
          </Badge>
        )}
        {invalid > 0 && (
          <Badge color="orange" tt="none" size="lg">
            {texts.invalid(formatCount(invalid))}
          </Badge>
        )}
      </Group>
      <Tabs defaultValue={report.fileCount > 0 ? 'found' : 'skipped'} variant="default">
        <Tabs.List>
          {report.fileCount > 0 && <Tabs.Tab value="found">{texts.files}</Tabs.Tab>}
          {report.skippedCount > 0 && (
            <Tabs.Tab value="skipped">{texts.skipped(formatCount(report.skippedCount))}</Tabs.Tab>
          )}
        </Tabs.List>
        <Tabs.Panel value="found">
          <ScrollBox label={texts.files} className={classes.scroll}>
            <Table verticalSpacing={4} fz="xs" layout="fixed" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{texts.file}</Table.Th>
                  <Table.Th w={110}>{texts.format}</Table.Th>
                  <Table.Th w={90} ta="right">
                    {texts.size}
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody className="numbers">
                {report.files.slice(0, shown).map((file) => (
                  <Table.Tr key={file.name}>
                    <Table.Td>
                      <Truncated size="xs">{file.name}</Truncated>
                      {file.textField !== undefined && (
                        <Text size="xs" c="dimmed">
                          {texts.textField(file.textField, file.textFieldGuessed === true)}
                        </Text>
                      )}
                      {file.note !== undefined && (
                        <Text size="xs" c="orange">
                          {file.note}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td>{texts.formats[file.format]}</Table.Td>
                    <Table.Td ta="right">{formatBytes(file.bytes)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            <More all={report.fileCount} listed={Math.min(shown, report.files.length)} />
          </ScrollBox>
        </Tabs.Panel>
        <Tabs.Panel value="skipped">
          <ScrollBox label={texts.reason} className={classes.scroll}>
            <Table verticalSpacing={4} fz="xs" layout="fixed" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{texts.file}</Table.Th>
                  <Table.Th>{texts.reason}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {report.skipped.slice(0, shown).map((file) => (
                  <Table.Tr key={`${file.name} ${file.reason}`}>
                    <Table.Td>
                      <Truncated size="xs">{file.name}</Truncated>
                    </Table.Td>
                    <Table.Td>{file.reason}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            <More all={report.skippedCount} listed={Math.min(shown, report.skipped.length)} />
          </ScrollBox>
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function More({ all, listed }: { all: number; listed: number }) {
  if (all <= listed) return null;
  return (
    <Text size="xs" c="dimmed" p={6}>
      {t.datasets.report.more(formatCount(all - listed))}
    </Text>
  );
}
