import { Anchor, Badge, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { CatalogueQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

const TIERS = ['frontier', 'standard', 'value'] as const;

/** What `auto` and the groups are, with the models behind them. */
export function GroupsCard({ groups }: { readonly groups: CatalogueQuery['catalogGroups'] }) {
  const { t } = useLocale();
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {t('models.groups')}
      </Title>
      <Text size="sm" c="dimmed" mb="md">
        {t('models.groupsHint')}
      </Text>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        <Entry id="auto" description={t('models.auto')} />
        {groups.map((group) => (
          <Entry key={group.id} id={group.id} description={group.description}>
            {TIERS.filter((tier) => group[tier].length > 0).map((tier) => (
              <Group key={tier} gap={4}>
                <Text size="xs" c="dimmed" w={64}>
                  {t(`tier.${tier}`)}
                </Text>
                {group[tier].map((model) => (
                  <Badge key={model} tt="none" fw={400} size="sm">
                    {model}
                  </Badge>
                ))}
              </Group>
            ))}
          </Entry>
        ))}
      </SimpleGrid>
    </Card>
  );
}

function Entry({ id, description, children }: { readonly id: string; readonly description: string; readonly children?: ReactNode }) {
  return (
    <Stack gap={4}>
      <Anchor component={Link} to={`/playground?model=${encodeURIComponent(id)}`} fw={600}>
        {id}
      </Anchor>
      <Text size="sm">{description}</Text>
      {children}
    </Stack>
  );
}
