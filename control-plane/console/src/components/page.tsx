import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export function Page({
  title,
  hint,
  action,
  children,
}: {
  readonly title: string;
  readonly hint?: string;
  readonly action?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <Stack gap="lg" maw={1200} mx="auto">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h2">
            {title}
          </Title>
          {hint ? (
            <Text c="dimmed" size="sm" mt={4}>
              {hint}
            </Text>
          ) : null}
        </div>
        {action}
      </Group>
      {children}
    </Stack>
  );
}
