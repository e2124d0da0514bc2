import { Button, Group, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import {
  AdjustAccountDocument,
  LimitAccountDocument,
  type OperatorAccountQuery,
  SuspendAccountDocument,
  UnfreezeAccountDocument,
} from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { FormModal } from './form-modal.js';

type Account = NonNullable<OperatorAccountQuery['account']>;

/** What an operator may do with one account. Each is audited, with its reason where it has one. */
export function AccountActions({ account, onChanged }: { readonly account: Account; readonly onChanged: () => void }) {
  const { t } = useLocale();
  const [asked, setAsked] = useState<'adjust' | 'suspend' | 'limit' | null>(null);
  const adjust = useAction(AdjustAccountDocument);
  const suspend = useAction(SuspendAccountDocument);
  const limit = useAction(LimitAccountDocument);
  const unfreeze = useAction(UnfreezeAccountDocument);
  const active = account.status === 'active';
  const close = () => setAsked(null);
  const done = (answer: unknown) => {
    if (answer !== null) onChanged();
    return answer !== null;
  };
  const wholeOrNull = (text: string) => (text === '' ? null : Number(text.replaceAll(',', '')));
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" onClick={() => setAsked('adjust')}>
        {t('operator.adjust')}
      </Button>
      <Button size="xs" variant="default" onClick={() => setAsked('limit')}>
        {t('operator.limits')}
      </Button>
      {account.status === 'closed' ? null : (
        <Button size="xs" color={active ? 'red' : 'blue'} onClick={() => setAsked('suspend')}>
          {active ? t('operator.suspend') : t('operator.reopen')}
        </Button>
      )}
      {account.frozenAt ? (
        <Button size="xs" variant="default" loading={unfreeze.busy} onClick={() => void unfreeze.run({ accountId: account.id }).then(done)}>
          {t('operator.unfreeze')}
        </Button>
      ) : null}
      <FormModal
        title={`${t('operator.adjust')}: ${account.name}`}
        opened={asked === 'adjust'}
        onClose={close}
        submit={t('operator.adjust')}
        busy={adjust.busy}
        hint={t('operator.adjustHint')}
        onSubmit={async (value) =>
          done(await adjust.run({ input: { accountId: account.id, amountUsd: value('amount'), reason: value('reason') } }))
        }
      >
        <TextInput name="amount" label={t('operator.amount')} placeholder="-2.50" required />
        <TextInput name="reason" label={t('column.reason')} required />
      </FormModal>
      <FormModal
        title={`${active ? t('operator.suspend') : t('operator.reopen')}: ${account.name}`}
        opened={asked === 'suspend'}
        onClose={close}
        submit={active ? t('operator.suspend') : t('operator.reopen')}
        busy={suspend.busy}
        danger={active}
        hint={active ? t('operator.suspendHint') : t('operator.reopenHint')}
        onSubmit={async (value) => done(await suspend.run({ id: account.id, suspended: active, reason: value('reason') }))}
      >
        <TextInput name="reason" label={t('column.reason')} required />
      </FormModal>
      <FormModal
        title={`${t('operator.limits')}: ${account.name}`}
        opened={asked === 'limit'}
        onClose={close}
        submit={t('operator.save')}
        busy={limit.busy}
        hint={t('operator.limitsHint')}
        onSubmit={async (value) =>
          done(
            await limit.run({
              id: account.id,
              requestsPerMinute: wholeOrNull(value('requests')),
              tokensPerMinute: wholeOrNull(value('tokens')),
            }),
          )
        }
      >
        <NumberInput
          name="requests"
          label={t('operator.requestsPerMinute')}
          min={1}
          defaultValue={account.requestsPerMinute ?? ''}
          hideControls
        />
        <NumberInput
          name="tokens"
          label={t('operator.tokensPerMinute')}
          min={1}
          defaultValue={account.tokensPerMinute ?? ''}
          hideControls
        />
      </FormModal>
    </Group>
  );
}
