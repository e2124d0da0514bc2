import { Badge, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { moment } from '../format.js';
import {
  AdjustAccountDocument,
  OperatorAccountsDocument,
  type OperatorAccountsQuery,
  SuspendAccountDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const PAGE = 50;
type Account = OperatorAccountsQuery['accounts']['edges'][number]['node'];

export default function AccountsTab() {
  const { t } = useLocale();
  const [search, setSearch] = useState('');
  const [shown, setShown] = useState(PAGE);
  const [adjusting, setAdjusting] = useState<Account | null>(null);
  const suspend = useAction(SuspendAccountDocument);
  return (
    <Stack>
      <TextInput label={t('action.search')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} maw={320} />
      <QueryView document={OperatorAccountsDocument} variables={{ search: search || null, first: shown }}>
        {(data, refresh) => (
          <>
            <AdjustModal account={adjusting} onClose={() => setAdjusting(null)} />
            <DataTable<Account>
              label={t('operator.accounts')}
              rows={data.accounts.edges.map((edge) => edge.node)}
              rowKey={(account) => account.id}
              onMore={data.accounts.pageInfo.hasNextPage ? () => setShown(shown + PAGE) : undefined}
              columns={[
                { title: t('column.name'), render: (account) => account.name },
                {
                  title: t('column.status'),
                  render: (account) => (
                    <Group gap={4}>
                      <Badge>{account.status}</Badge>
                      {account.frozenAt ? <Badge color="orange">{account.frozenReason}</Badge> : null}
                    </Group>
                  ),
                },
                { title: t('column.created'), render: (account) => moment(account.createdAt) },
                {
                  title: t('column.actions'),
                  render: (account) => (
                    <Group gap="xs" wrap="nowrap">
                      <Button size="compact-xs" variant="default" onClick={() => setAdjusting(account)}>
                        {t('operator.adjust')}
                      </Button>
                      <Button
                        size="compact-xs"
                        color={account.status === 'active' ? 'red' : 'blue'}
                        onClick={() =>
                          void suspend
                            .run({ id: account.id, suspended: account.status === 'active', reason: t('operator.byConsole') })
                            .then(refresh)
                        }
                      >
                        {account.status === 'active' ? t('operator.suspend') : t('operator.reopen')}
                      </Button>
                    </Group>
                  ),
                },
              ]}
            />
          </>
        )}
      </QueryView>
    </Stack>
  );
}

function AdjustModal({ account, onClose }: { readonly account: Account | null; readonly onClose: () => void }) {
  const { t } = useLocale();
  const adjust = useAction(AdjustAccountDocument);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    if (!account) return;
    const input = { accountId: account.id, amountUsd: String(values.get('amount')), reason: String(values.get('reason')) };
    if (await adjust.run({ input })) onClose();
  }
  return (
    <Modal opened={account !== null} onClose={onClose} title={account?.name ?? ''} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <TextInput name="amount" label={t('operator.amount')} required />
          <TextInput name="reason" label={t('column.reason')} required />
          <Button type="submit" loading={adjust.busy}>
            {t('operator.adjust')}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
