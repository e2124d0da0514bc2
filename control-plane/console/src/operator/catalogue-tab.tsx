import { Badge, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type FormEvent, useState } from 'react';
import { DataTable } from '../components/data-table.js';
import { QueryView } from '../components/query-view.js';
import { count, moment } from '../format.js';
import { OperatorModelsDocument, type OperatorModelsQuery, SetModelPriceDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';

const PAGE = 50;
type Model = OperatorModelsQuery['models']['edges'][number]['node'];

export default function CatalogueTab() {
  const { t } = useLocale();
  const [search, setSearch] = useState('');
  const [shown, setShown] = useState(PAGE);
  const [pricing, setPricing] = useState<Model | null>(null);
  return (
    <Stack>
      <TextInput label={t('action.search')} value={search} onChange={(event) => setSearch(event.currentTarget.value)} maw={320} />
      <QueryView document={OperatorModelsDocument} variables={{ search: search || null, first: shown }}>
        {(data, refresh) => (
          <>
            <PriceModal
              model={pricing}
              onClose={() => {
                setPricing(null);
                refresh();
              }}
            />
            <DataTable<Model>
              label={t('operator.catalogue')}
              rows={data.models.edges.map((edge) => edge.node)}
              rowKey={(model) => model.id}
              onMore={data.models.pageInfo.hasNextPage ? () => setShown(shown + PAGE) : undefined}
              columns={[
                { title: t('column.model'), render: (model) => model.id },
                {
                  title: t('operator.tier'),
                  render: (model) => (
                    <Group gap={4}>
                      <Badge variant="default">{model.tier}</Badge>
                      {model.deprecated ? <Badge color="orange">{t('operator.deprecated')}</Badge> : null}
                    </Group>
                  ),
                },
                { title: t('operator.context'), numeric: true, render: (model) => count(model.contextTokens) },
                { title: t('operator.input'), numeric: true, render: (model) => model.price?.rates.inputUncached ?? '–' },
                { title: t('operator.cached'), numeric: true, render: (model) => model.price?.rates.cacheRead ?? '–' },
                { title: t('operator.output'), numeric: true, render: (model) => model.price?.rates.output ?? '–' },
                { title: t('operator.since'), render: (model) => moment(model.price?.effectiveFrom) },
                {
                  title: t('column.actions'),
                  render: (model) => (
                    <Button size="compact-xs" variant="default" onClick={() => setPricing(model)}>
                      {t('operator.price')}
                    </Button>
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

/** USD per million tokens; effective at once. Nodes have it within seconds. */
function PriceModal({ model, onClose }: { readonly model: Model | null; readonly onClose: () => void }) {
  const { t } = useLocale();
  const setPrice = useAction(SetModelPriceDocument);
  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    if (!model) return;
    const value = (name: string) => String(values.get(name));
    const rates = {
      inputUncached: value('input'),
      cacheRead: value('cacheRead'),
      cacheWrite5m: value('input'),
      cacheWrite1h: value('input'),
      output: value('output'),
    };
    if (!(await setPrice.run({ modelId: model.id, input: { rates } }))) return;
    notifications.show({ message: t('operator.priceSet') });
    onClose();
  }
  const rates = model?.price?.rates;
  return (
    <Modal opened={model !== null} onClose={onClose} title={model?.id ?? ''} closeButtonProps={{ 'aria-label': t('action.close') }}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          <TextInput name="input" label={t('operator.input')} defaultValue={rates?.inputUncached ?? ''} required />
          <TextInput name="cacheRead" label={t('operator.cached')} defaultValue={rates?.cacheRead ?? ''} required />
          <TextInput name="output" label={t('operator.output')} defaultValue={rates?.output ?? ''} required />
          <Button type="submit" loading={setPrice.busy}>
            {t('operator.price')}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
