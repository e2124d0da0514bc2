import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { count, milliseconds } from '../format.js';
import {
  DrainNodeDocument,
  FleetChangedDocument,
  type FleetNodeRowFragment,
  ForgetNodeDocument,
  OperatorFleetDocument,
} from '../generated/graphql.js';
import { useLive } from '../live-stream.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const POLL_MS = 3_000;

/** Told by the server while a stream is open, asked for otherwise. */
export default function FleetTab() {
  const { t } = useLocale();
  const { data: told, live } = useLive(FleetChangedDocument, {});
  return (
    <Stack>
      <Group>
        <Badge color={live ? 'green' : 'gray'}>{live ? t('operator.live') : t('operator.polling')}</Badge>
      </Group>
      <QueryView document={OperatorFleetDocument} variables={{}} {...(live ? {} : { pollMs: POLL_MS })}>
        {(data, refresh) => <Nodes nodes={(live ? told?.fleetChanged : undefined) ?? data.nodes} onChanged={refresh} />}
      </QueryView>
    </Stack>
  );
}

function Nodes({ nodes, onChanged }: { readonly nodes: readonly FleetNodeRowFragment[]; readonly onChanged: () => void }) {
  const { t } = useLocale();
  const drain = useAction(DrainNodeDocument);
  const forget = useAction(ForgetNodeDocument);
  const sorted = [...nodes].sort((left, right) => `${left.region} ${left.id}`.localeCompare(`${right.region} ${right.id}`));
  return (
    <DataTable
      label={t('operator.fleet')}
      minWidth={860}
      rows={sorted}
      rowKey={(node) => node.id}
      columns={[
        { title: t('column.region'), render: (node) => node.region },
        {
          title: t('operator.node'),
          render: (node) => (
            <>
              {node.id}
              <Text size="xs" c="dimmed">
                {node.version}
              </Text>
            </>
          ),
        },
        { title: t('column.status'), render: (node) => <NodeState node={node} /> },
        { title: t('operator.revision'), numeric: true, render: (node) => count(node.appliedRevision) },
        { title: t('operator.behind'), numeric: true, render: (node) => count(node.revisionsBehind) },
        { title: t('operator.open'), numeric: true, render: (node) => count(node.openRequests) },
        { title: t('operator.unsettled'), numeric: true, render: (node) => count(node.unacknowledged) },
        { title: t('operator.silence'), numeric: true, render: (node) => (node.live ? milliseconds(node.silenceMs) : '–') },
        {
          title: t('column.actions'),
          render: (node) =>
            node.live ? (
              <Button
                size="compact-xs"
                variant="default"
                loading={drain.busy}
                onClick={() => void drain.run({ id: node.id, drained: !node.draining }).then(onChanged)}
              >
                {node.draining ? t('operator.undrain') : t('operator.drain')}
              </Button>
            ) : (
              <Button
                size="compact-xs"
                variant="default"
                loading={forget.busy}
                onClick={() => void forget.run({ id: node.id }).then(onChanged)}
              >
                {t('operator.forget')}
              </Button>
            ),
        },
      ]}
    />
  );
}

function NodeState({ node }: { readonly node: FleetNodeRowFragment }) {
  const { t } = useLocale();
  const state = node.live ? (node.draining ? 'draining' : node.ready ? 'ready' : 'notReady') : 'silent';
  const color = { ready: 'green', draining: 'orange', notReady: 'red', silent: 'gray' }[state];
  return (
    <Stack gap={2} align="flex-start">
      <Badge leftSection={<Dot color={color} />}>{t(`operator.${state}`)}</Badge>
      {node.rejected ? (
        <Text size="xs" maw={260}>
          {t('operator.rejected', { reason: node.rejected })}
        </Text>
      ) : null}
    </Stack>
  );
}

/** The word beside it says the same: colour is never alone. */
function Dot({ color }: { readonly color: string }) {
  return (
    <svg width="8" height="8" aria-hidden="true">
      <circle cx="4" cy="4" r="4" fill={`var(--mantine-color-${color}-6)`} />
    </svg>
  );
}
