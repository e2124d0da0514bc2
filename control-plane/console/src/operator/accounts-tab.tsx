import { Anchor, Badge, Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { moment } from '../format.js';
import { OperatorAccountsDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { AccountDetail } from './account-detail.js';
import { PagedTable } from './paged-table.js';

/** Between two letters of somebody who types. */
const TYPING_MS = 250;

export default function AccountsTab() {
  const { id } = useParams();
  return id ? <AccountDetail id={id} /> : <AccountList />;
}

function AccountList() {
  const { t } = useLocale();
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, TYPING_MS);
  return (
    <Stack>
      <TextInput
        label={t('action.search')}
        placeholder={t('operator.accountSearch')}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        maw={360}
      />
      <PagedTable
        document={OperatorAccountsDocument}
        variables={{ search: wanted || null, first: 50 }}
        select={(data) => data.accounts}
        label={t('operator.accounts')}
        columns={() => [
          {
            title: t('column.name'),
            render: (account) => (
              <Anchor component={Link} to={`/operator/accounts/${account.id}`} underline="always">
                {account.name}
              </Anchor>
            ),
          },
          {
            title: t('column.status'),
            render: (account) => (
              <Group gap={4}>
                <Badge>{account.status}</Badge>
                {account.frozenAt ? <Badge color="orange">{account.frozenReason}</Badge> : null}
              </Group>
            ),
          },
          { title: t('operator.id'), render: (account) => <code>{account.id}</code> },
          { title: t('column.created'), render: (account) => moment(account.createdAt) },
        ]}
      />
    </Stack>
  );
}
