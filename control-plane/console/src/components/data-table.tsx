import { Button, Center, Table } from '@mantine/core';
import type { ReactNode } from 'react';
import { useLocale } from '../messages/locale.js';
import { Empty } from './states.js';

export interface Column<Row> {
  readonly title: string;
  readonly render: (row: Row) => ReactNode;
  /** Figures stand right, one digit below the other. */
  readonly numeric?: boolean;
}

/** A table that scrolls sideways on small screens, says when it is empty, and pages by cursor. */
export function DataTable<Row>({
  label,
  rows,
  columns,
  rowKey,
  onMore,
  onRow,
  minWidth = 720,
}: {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly onMore?: (() => void) | undefined;
  readonly onRow?: (row: Row) => void;
  /** Pixels below which it scrolls: more for many columns. */
  readonly minWidth?: number;
}) {
  const { t } = useLocale();
  if (rows.length === 0) return <Empty />;
  return (
    <>
      <Table.ScrollContainer minWidth={minWidth} scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': label } }}>
        <Table highlightOnHover={onRow !== undefined} verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th key={column.title} ta={column.numeric ? 'right' : 'left'}>
                  {column.title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={rowKey(row)}>
                {columns.map((column) => (
                  <Table.Td key={column.title} ta={column.numeric ? 'right' : 'left'} ff={column.numeric ? 'monospace' : 'text'}>
                    {column.render(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {onMore ? (
        <Center mt="sm">
          <Button variant="default" size="xs" onClick={onMore}>
            {t('state.more')}
          </Button>
        </Center>
      ) : null}
    </>
  );
}
