import { Card, Text } from '@mantine/core';

/** One figure with its name and unit. */
export function FigureCard({ name, value, note }: { readonly name: string; readonly value: string; readonly note?: string }) {
  return (
    <Card withBorder padding="md">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fz={24} fw={650} ff="monospace">
        {value}
      </Text>
      {note ? (
        <Text size="xs" c="dimmed">
          {note}
        </Text>
      ) : null}
    </Card>
  );
}
