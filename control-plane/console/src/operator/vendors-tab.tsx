import { Badge, Button, Card, Group, Stack, Switch, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { Empty, Failed, Loading } from '../components/states.js';
import { moment } from '../format.js';
import {
  DeleteVendorCredentialDocument,
  OperatorVendorsDocument,
  type OperatorVendorsQuery,
  SaveVendorDocument,
  UpdateVendorCredentialDocument,
  WakeVendorCredentialDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { usePages } from '../use-pages.js';
import { CredentialModal, type CredentialQuestion } from './credential-modal.js';

export type Vendor = OperatorVendorsQuery['vendors']['edges'][number]['node'];
export type Credential = Vendor['credentials'][number];
const POLL_MS = 10_000;

export default function VendorsTab() {
  const { t } = useLocale();
  const [asked, setAsked] = useState<CredentialQuestion | null>(null);
  const { data, rows, error, loadMore, refresh } = usePages(OperatorVendorsDocument, { first: 50 }, (answer) => answer.vendors, POLL_MS);
  if (error) return <Failed message={error} onRetry={refresh} />;
  if (!data && rows.length === 0) return <Loading />;
  if (rows.length === 0) return <Empty />;
  return (
    <Stack>
      <CredentialModal question={asked} onClose={() => setAsked(null)} onChanged={refresh} />
      {rows.map((vendor) => (
        <VendorCard key={vendor.id} vendor={vendor} onAsk={setAsked} onChanged={refresh} />
      ))}
      {loadMore ? (
        <Button variant="default" size="xs" onClick={loadMore}>
          {t('state.more')}
        </Button>
      ) : null}
    </Stack>
  );
}

interface CardProps {
  readonly vendor: Vendor;
  readonly onAsk: (question: CredentialQuestion) => void;
  readonly onChanged: () => void;
}

function VendorCard({ vendor, onAsk, onChanged }: CardProps) {
  const { t } = useLocale();
  const save = useAction(SaveVendorDocument);
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <div>
          <Group gap="xs">
            <Title order={2} size="h4">
              {vendor.name}
            </Title>
            <Badge>{vendor.protocol}</Badge>
          </Group>
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {vendor.baseUrl}
          </Text>
        </div>
        <Group>
          <Switch
            label={t('operator.enabled')}
            aria-label={`${t('operator.enabled')} ${vendor.id}`}
            checked={vendor.enabled}
            disabled={save.busy}
            onChange={() => void save.run({ input: { id: vendor.id, enabled: !vendor.enabled } }).then(onChanged)}
          />
          <Button size="xs" onClick={() => onAsk({ kind: 'add', vendorId: vendor.id, credential: null })}>
            {t('operator.addCredential')}
          </Button>
        </Group>
      </Group>
      {vendor.credentials.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('operator.noCredential')}
        </Text>
      ) : (
        <Credentials vendor={vendor} onAsk={onAsk} onChanged={onChanged} />
      )}
    </Card>
  );
}

function Credentials({ vendor, onAsk, onChanged }: CardProps) {
  const { t } = useLocale();
  const total = vendor.credentials.filter((one) => one.enabled).reduce((sum, one) => sum + one.weight, 0);
  const share = (one: Credential) => (one.enabled && total > 0 ? `${Math.round((100 * one.weight) / total)} %` : '–');
  return (
    <DataTable<Credential>
      label={`${vendor.name}: ${t('operator.credentials')}`}
      rows={vendor.credentials}
      rowKey={(one) => one.id}
      columns={[
        { title: t('operator.label'), render: (one) => one.label || '–' },
        { title: t('operator.key'), render: (one) => `…${one.last4}` },
        { title: t('column.status'), render: (one) => <CredentialState credential={one} /> },
        { title: t('operator.weight'), numeric: true, render: (one) => one.weight },
        { title: t('operator.share'), numeric: true, render: share },
        { title: t('column.created'), render: (one) => moment(one.createdAt) },
        {
          title: t('column.actions'),
          render: (one) => <CredentialButtons vendor={vendor} credential={one} onAsk={onAsk} onChanged={onChanged} />,
        },
      ]}
    />
  );
}

function CredentialState({ credential }: { readonly credential: Credential }) {
  const { t } = useLocale();
  if (!credential.enabled) return <Badge>{t('operator.disabled')}</Badge>;
  if (!credential.restingUntil) return <Badge>{t('operator.inUse')}</Badge>;
  return (
    <Stack gap={2} align="flex-start">
      <Badge color="orange">{t('operator.resting')}</Badge>
      <Text size="xs">{t('operator.restingUntil', { time: moment(credential.restingUntil), reason: credential.restReason ?? '' })}</Text>
    </Stack>
  );
}

function CredentialButtons({ vendor, credential, onAsk, onChanged }: CardProps & { readonly credential: Credential }) {
  const { t } = useLocale();
  const update = useAction(UpdateVendorCredentialDocument);
  const remove = useAction(DeleteVendorCredentialDocument);
  const wake = useAction(WakeVendorCredentialDocument);
  const { id } = credential;
  return (
    <Group gap={4} wrap="nowrap">
      <Button size="compact-xs" variant="default" onClick={() => onAsk({ kind: 'rotate', vendorId: vendor.id, credential })}>
        {t('operator.rotate')}
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => onAsk({ kind: 'weight', vendorId: vendor.id, credential })}>
        {t('operator.weight')}
      </Button>
      {credential.restingUntil ? (
        <Button size="compact-xs" variant="default" loading={wake.busy} onClick={() => void wake.run({ id }).then(onChanged)}>
          {t('operator.wake')}
        </Button>
      ) : null}
      <Button
        size="compact-xs"
        variant="default"
        loading={update.busy}
        onClick={() => void update.run({ id, enabled: !credential.enabled }).then(onChanged)}
      >
        {credential.enabled ? t('operator.disable') : t('operator.enable')}
      </Button>
      {credential.enabled ? null : (
        <Button size="compact-xs" color="red" loading={remove.busy} onClick={() => void remove.run({ id }).then(onChanged)}>
          {t('action.delete')}
        </Button>
      )}
    </Group>
  );
}
