import { Badge, Button, Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { count, moment } from '../format.js';
import { OperatorModelsDocument, type OperatorModelsQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { PagedTable } from './paged-table.js';
import { PriceModal } from './price-modal.js';

export type PricedModel = OperatorModelsQuery['models']['edges'][number]['node'];
const TYPING_MS = 250;

export default function CatalogueTab() {
  const { t } = useLocale();
  const [search, setSearch] = useState('');
  const [wanted] = useDebouncedValue(search, TYPING_MS);
  const [pricing, setPricing] = useState<{ readonly model: PricedModel; readonly refresh: () => void } | null>(null);
  function close(): void {
    pricing?.refresh();
    setPricing(null);
  }
  return (
    <Stack>
      <TextInput
        label={t('action.search')}
        placeholder={t('operator.modelSearch')}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        maw={360}
      />
      {pricing ? <PriceModal key={pricing.model.id} model={pricing.model} onClose={close} /> : null}
      <PagedTable
        document={OperatorModelsDocument}
        variables={{ search: wanted || null, first: 50 }}
        select={(data) => data.models}
        label={t('operator.catalogue')}
        minWidth={880}
        columns={(refresh) => [
          { title: t('column.model'), render: (model) => model.id },
          {
            title: t('operator.tier'),
            render: (model) => (
              <Group gap={4}>
                <Badge variant="default">{model.tier}</Badge>
                {model.deprecated ? <Badge color="orange">{t('operator.deprecated')}</Badge> : null}
                {model.price?.free ? <Badge>{t('operator.free')}</Badge> : null}
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
              <Button size="compact-xs" variant="default" onClick={() => setPricing({ model, refresh })}>
                {t('operator.price')}
              </Button>
            ),
          },
        ]}
      />
    </Stack>
  );
}
