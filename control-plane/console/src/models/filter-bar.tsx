import { Card, MultiSelect, NumberInput, Select, SimpleGrid, TextInput } from '@mantine/core';
import type { CatalogueQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { CAPABILITIES, type ModelFilter, ORDERS, type Order } from './model-filters.js';

export function FilterBar({
  filter,
  regions,
  onChange,
}: {
  readonly filter: ModelFilter;
  readonly regions: CatalogueQuery['gateway']['regions'];
  readonly onChange: (filter: ModelFilter) => void;
}) {
  const { t } = useLocale();
  return (
    <Card withBorder role="search">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }}>
        <TextInput
          label={t('action.search')}
          placeholder={t('models.searchHint')}
          value={filter.search}
          onChange={(event) => onChange({ ...filter, search: event.currentTarget.value })}
        />
        <MultiSelect
          label={t('models.capabilities')}
          placeholder={filter.capabilities.length === 0 ? t('models.any') : ''}
          data={CAPABILITIES.map((value) => ({ value, label: t(`capability.${value}`) }))}
          value={[...filter.capabilities]}
          onChange={(capabilities) => onChange({ ...filter, capabilities })}
        />
        <Select
          label={t('column.region')}
          placeholder={t('models.any')}
          clearable
          data={regions.map((region) => ({ value: region.id, label: region.city || region.name }))}
          value={filter.region}
          onChange={(region) => onChange({ ...filter, region })}
        />
        <NumberInput
          label={t('models.maxInput')}
          placeholder={t('models.any')}
          min={0}
          step={0.5}
          prefix="$"
          value={filter.maxInputUsd ?? ''}
          onChange={(value) => onChange({ ...filter, maxInputUsd: value === '' ? null : Number(value) })}
        />
        <Select
          label={t('models.order')}
          data={ORDERS.map((value) => ({ value, label: t(`models.order.${value}`) }))}
          value={filter.order}
          onChange={(order) => onChange({ ...filter, order: (order as Order | null) ?? 'name' })}
          allowDeselect={false}
        />
      </SimpleGrid>
    </Card>
  );
}
