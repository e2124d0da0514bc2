import { Button, Card, Group, Select, Stack, TextInput, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { moment } from '../format.js';
import { InviteMemberDocument, RemoveMemberDocument, RevokeInvitationDocument, TeamDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const ROLES = ['admin', 'developer', 'billing', 'viewer'];

export default function TeamPage() {
  const { t } = useLocale();
  const invite = useAction(InviteMemberDocument);
  const remove = useAction(RemoveMemberDocument);
  const revoke = useAction(RevokeInvitationDocument);
  const [role, setRole] = useState<string | null>('developer');

  async function submit(event: FormEvent<HTMLFormElement>, refresh: () => void): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget;
    const done = await invite.run({ email: String(new FormData(form).get('email') ?? ''), role: role ?? 'viewer' });
    if (done) form.reset();
    refresh();
  }

  return (
    <Page title={t('nav.team')} hint={t('team.hint')}>
      <QueryView document={TeamDocument} variables={{}}>
        {(data, refresh) => (
          <Stack>
            <Card withBorder component="form" onSubmit={(event: FormEvent<HTMLFormElement>) => void submit(event, refresh)}>
              <Group align="flex-end">
                <TextInput name="email" type="email" label={t('login.email')} required />
                <Select label={t('team.role')} data={ROLES} value={role} onChange={setRole} allowDeselect={false} />
                <Button type="submit" loading={invite.busy}>
                  {t('team.invite')}
                </Button>
              </Group>
            </Card>
            <DataTable
              label={t('nav.team')}
              rows={data.members}
              rowKey={(member) => member.user.id}
              columns={[
                { title: t('column.name'), render: (member) => member.user.name },
                { title: t('login.email'), render: (member) => member.user.email },
                { title: t('team.role'), render: (member) => member.role },
                { title: t('column.created'), render: (member) => moment(member.createdAt) },
                {
                  title: t('column.actions'),
                  render: (member) =>
                    member.role === 'owner' ? null : (
                      <Button size="compact-xs" color="red" onClick={() => void remove.run({ userId: member.user.id }).then(refresh)}>
                        {t('action.remove')}
                      </Button>
                    ),
                },
              ]}
            />
            <Title order={2} size="h4">
              {t('team.invitations')}
            </Title>
            <DataTable
              label={t('team.invitations')}
              rows={data.invitations}
              rowKey={(invitation) => invitation.id}
              columns={[
                { title: t('login.email'), render: (invitation) => invitation.email },
                { title: t('team.role'), render: (invitation) => invitation.role },
                { title: t('team.expires'), render: (invitation) => moment(invitation.expiresAt) },
                {
                  title: t('column.actions'),
                  render: (invitation) => (
                    <Button size="compact-xs" color="red" onClick={() => void revoke.run({ id: invitation.id }).then(refresh)}>
                      {t('action.remove')}
                    </Button>
                  ),
                },
              ]}
            />
          </Stack>
        )}
      </QueryView>
    </Page>
  );
}
