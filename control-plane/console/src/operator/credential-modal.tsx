import { NumberInput, PasswordInput, TextInput } from '@mantine/core';
import { AddVendorCredentialDocument, DeleteVendorCredentialDocument, UpdateVendorCredentialDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import { FormModal } from './form-modal.js';

export interface CredentialQuestion {
  readonly kind: 'add' | 'rotate' | 'weight';
  readonly vendorId: string;
  readonly credential: { readonly id: string; readonly label: string; readonly last4: string; readonly weight: number } | null;
}

/** A secret is never changed in place: rotating adds the new one under the old one's label and weight, then removes the old one. */
export function CredentialModal({
  question,
  onClose,
  onChanged,
}: {
  readonly question: CredentialQuestion | null;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}) {
  const { t } = useLocale();
  const add = useAction(AddVendorCredentialDocument);
  const update = useAction(UpdateVendorCredentialDocument);
  const remove = useAction(DeleteVendorCredentialDocument);
  const kind = question?.kind ?? 'add';
  const credential = question?.credential ?? null;
  const titles = { add: t('operator.addCredential'), rotate: t('operator.rotate'), weight: t('operator.weight') };

  async function submit(value: (name: string) => string): Promise<boolean> {
    if (!question) return false;
    const weight = Number(value('weight') || 1);
    if (kind === 'weight' && credential) {
      if (!(await update.run({ id: credential.id, weight }))) return false;
    } else {
      const input = { vendorId: question.vendorId, secret: value('secret'), label: value('label'), weight };
      if (!(await add.run({ input }))) return false;
      if (kind === 'rotate' && credential && !(await remove.run({ id: credential.id }))) return false;
    }
    onChanged();
    return true;
  }
  return (
    <FormModal
      title={`${titles[kind]}: ${question?.vendorId ?? ''}${credential ? ` …${credential.last4}` : ''}`}
      opened={question !== null}
      onClose={onClose}
      submit={titles[kind]}
      busy={add.busy || update.busy || remove.busy}
      {...(kind === 'weight' ? {} : { hint: t('operator.secretHint') })}
      onSubmit={submit}
    >
      {kind === 'weight' ? null : <PasswordInput name="secret" label={t('operator.secret')} autoComplete="off" required />}
      {kind === 'weight' ? null : <TextInput name="label" label={t('operator.label')} defaultValue={credential?.label ?? ''} />}
      <NumberInput name="weight" label={t('operator.weightLabel')} min={1} max={1000} defaultValue={credential?.weight ?? 1} required />
    </FormModal>
  );
}
