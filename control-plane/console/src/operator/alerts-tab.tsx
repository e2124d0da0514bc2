import { Anchor, Badge, Button, Card, Code, Stack, Switch, Text, Textarea, Title } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { count, moment } from '../format.js';
import {
  OperatorAlertsDocument,
  OperatorQuarantineDocument,
  type OperatorQuarantineQuery,
  ResolveAlertDocument,
  ResolveQuarantinedEventDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { FormModal } from './form-modal.js';
import { PagedTable } from './paged-table.js';

const POLL_MS = 10_000;

export default function AlertsTab() {
  const { t } = useLocale();
  const [resolved, setResolved] = useState(false);
  const resolve = useAction(ResolveAlertDocument);
  return (
    <Stack>
      <Switch label={t('operator.showResolved')} checked={resolved} onChange={(event) => setResolved(event.currentTarget.checked)} />
      <PagedTable
        key={`alerts ${resolved}`}
        document={OperatorAlertsDocument}
        variables={{ resolved, first: 50 }}
        select={(data) => data.alerts}
        pollMs={POLL_MS}
        label={t('operator.alerts')}
        columns={(refresh) => [
          { title: t('column.kind'), render: (alert) => <Badge>{alert.kind}</Badge> },
          {
            title: t('operator.subject'),
            render: (alert) =>
              alert.accountId ? (
                <Anchor component={Link} to={`/operator/accounts/${alert.accountId}`} underline="always">
                  {alert.subject}
                </Anchor>
              ) : (
                alert.subject
              ),
          },
          {
            title: t('operator.detail'),
            render: (alert) => (
              <Text size="sm" maw={360}>
                {alert.detail}
              </Text>
            ),
          },
          { title: t('operator.times'), numeric: true, render: (alert) => count(alert.times) },
          { title: t('operator.last'), render: (alert) => moment(alert.lastAt) },
          {
            title: t('column.actions'),
            render: (alert) =>
              alert.resolvedAt ? (
                moment(alert.resolvedAt)
              ) : (
                <Button
                  size="compact-xs"
                  variant="default"
                  loading={resolve.busy}
                  onClick={() => void resolve.run({ id: alert.id }).then(refresh)}
                >
                  {t('operator.resolve')}
                </Button>
              ),
          },
        ]}
      />
      <Quarantine resolved={resolved} />
    </Stack>
  );
}

type QuarantinedEvent = OperatorQuarantineQuery['quarantinedEvents']['edges'][number]['node'];

/** Usage that was refused: nothing was charged for it until somebody has looked. */
function Quarantine({ resolved }: { readonly resolved: boolean }) {
  const { t } = useLocale();
  const [opened, setOpened] = useState<QuarantinedEvent | null>(null);
  const [version, setVersion] = useState(0);
  const resolve = useAction(ResolveQuarantinedEventDocument);
  return (
    <Card withBorder>
      <Title order={2} size="h4">
        {t('operator.quarantine')}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t('operator.quarantineHint')}
      </Text>
      <PagedTable
        key={`${resolved} ${version}`}
        document={OperatorQuarantineDocument}
        variables={{ resolved, first: 20 }}
        select={(data) => data.quarantinedEvents}
        label={t('operator.quarantine')}
        columns={() => [
          { title: t('column.time'), render: (event) => moment(event.receivedAt) },
          { title: t('column.reason'), render: (event) => <Badge>{event.reason}</Badge> },
          { title: t('operator.node'), render: (event) => event.nodeId ?? '–' },
          { title: t('operator.detail'), render: (event) => event.resolution ?? event.detail },
          {
            title: t('column.actions'),
            render: (event) => (
              <Button size="compact-xs" variant="default" onClick={() => setOpened(event)}>
                {t('requests.open')}
              </Button>
            ),
          },
        ]}
      />
      <FormModal
        title={opened?.reason ?? ''}
        opened={opened !== null}
        onClose={() => setOpened(null)}
        submit={t('operator.resolve')}
        busy={resolve.busy}
        wide
        {...(opened ? { hint: opened.detail } : {})}
        onSubmit={async (value) => {
          const answer = opened && (await resolve.run({ id: opened.id, resolution: value('resolution') }));
          if (answer) setVersion(version + 1);
          return Boolean(answer);
        }}
      >
        <Code block mah={280} style={{ overflow: 'auto' }}>
          {opened?.event}
        </Code>
        <Textarea name="resolution" label={t('operator.resolution')} required autosize minRows={2} />
      </FormModal>
    </Card>
  );
}
