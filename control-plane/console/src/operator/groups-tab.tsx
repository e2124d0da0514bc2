import { Badge, Card, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { QueryView } from '../components/query-view.js';
import { OperatorGroupsDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

export default function GroupsTab() {
  const { t } = useLocale();
  return (
    <QueryView document={OperatorGroupsDocument} variables={{}}>
      {(data) => (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          {data.routingGroups.edges.map(({ node: group }) => (
            <Card key={group.id} withBorder>
              <Group justify="space-between">
                <Title order={2} size="h4">
                  {group.id}
                </Title>
                <Badge variant="default">{group.kind}</Badge>
              </Group>
              <Text size="sm" c="dimmed" mb="sm">
                {group.description}
              </Text>
              <Stack gap={4}>
                <Tier name={t('operator.frontier', { from: group.thresholdFrontier })} models={group.frontier} />
                <Tier name={t('operator.standard', { from: group.thresholdStandard })} models={group.standard} />
                <Tier name={t('operator.value')} models={group.value} />
              </Stack>
            </Card>
          ))}
        </SimpleGrid>
      )}
    </QueryView>
  );
}

function Tier({ name, models }: { readonly name: string; readonly models: readonly string[] }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm">{models.join(' → ')}</Text>
    </div>
  );
}
