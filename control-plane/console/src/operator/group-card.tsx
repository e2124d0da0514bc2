import { Badge, Button, Card, Group, NumberInput, SimpleGrid, Switch, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { type OperatorGroupsQuery, SaveRoutingGroupDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { ModelOrder } from './model-order.js';

type RoutingGroup = OperatorGroupsQuery['routingGroups']['edges'][number]['node'];
const TIERS = ['frontier', 'standard', 'value'] as const;

/** One smart group: its models in the order of failover, tier by tier; moved by dragging or with the arrow buttons. */
export function GroupCard({ group, onSaved }: { readonly group: RoutingGroup; readonly onSaved: () => void }) {
  const { t } = useLocale();
  const [draft, setDraft] = useState(group);
  const save = useAction(SaveRoutingGroupDocument);
  const changed = JSON.stringify(draft) !== JSON.stringify(group);
  const change = (part: Partial<RoutingGroup>) => setDraft((before) => ({ ...before, ...part }));
  async function submit(): Promise<void> {
    const { id, enabled, hedge, frontier, standard, value, thresholdStandard, thresholdFrontier } = draft;
    const input = { id, enabled, hedge, frontier, standard, value, thresholdStandard, thresholdFrontier };
    if (!(await save.run({ input }))) return;
    notifications.show({ message: t('operator.groupSaved') });
    onSaved();
  }
  return (
    <Card withBorder component="section" aria-label={group.id}>
      <Group justify="space-between" align="flex-start" mb="sm">
        <div>
          <Group gap="xs">
            <Title order={2} size="h4">
              {group.id}
            </Title>
            <Badge>{group.kind}</Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {group.description}
          </Text>
        </div>
        <Group>
          <Switch
            label={t('operator.enabled')}
            checked={draft.enabled}
            onChange={(event) => change({ enabled: event.currentTarget.checked })}
          />
          <Switch label={t('operator.hedge')} checked={draft.hedge} onChange={(event) => change({ hedge: event.currentTarget.checked })} />
        </Group>
      </Group>
      <SimpleGrid cols={{ base: 1, md: 3 }}>
        {TIERS.map((tier) => (
          <ModelOrder key={tier} title={t(`operator.${tier}Tier`)} models={draft[tier]} onChange={(models) => change({ [tier]: models })} />
        ))}
      </SimpleGrid>
      <Group mt="md" align="flex-end">
        <NumberInput
          label={t('operator.standardFrom')}
          value={draft.thresholdStandard}
          onChange={(value) => change({ thresholdStandard: Number(value) })}
          min={0}
          max={1}
          step={0.05}
          decimalScale={2}
          w={220}
        />
        <NumberInput
          label={t('operator.frontierFrom')}
          value={draft.thresholdFrontier}
          onChange={(value) => change({ thresholdFrontier: Number(value) })}
          min={0}
          max={1}
          step={0.05}
          decimalScale={2}
          w={220}
        />
        <Button disabled={!changed} loading={save.busy} onClick={() => void submit()}>
          {t('operator.save')}
        </Button>
      </Group>
    </Card>
  );
}
