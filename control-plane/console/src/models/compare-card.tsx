import { Anchor, Button, Card, Group, Table, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { count, usd } from '../format.js';
import { useLocale } from '../messages/locale.js';
import { CAPABILITIES, type CatalogueModel } from './model-filters.js';

/** Up to four models side by side. */
export function CompareCard({ models, onClear }: { readonly models: readonly CatalogueModel[]; readonly onClear: () => void }) {
  const { t } = useLocale();
  if (models.length === 0) return null;
  const rows: { readonly name: string; readonly value: (model: CatalogueModel) => ReactNode }[] = [
    { name: t('models.by'), value: (model) => model.ownedBy },
    { name: t('models.input'), value: (model) => usd(model.rates.inputUncached) },
    { name: t('models.cached'), value: (model) => usd(model.rates.cacheRead) },
    { name: t('models.output'), value: (model) => usd(model.rates.output) },
    { name: t('models.contextTokens'), value: (model) => count(model.contextTokens) },
    { name: t('models.maxOutput'), value: (model) => count(model.maxOutputTokens) },
    { name: t('models.tier'), value: (model) => model.tier },
    { name: t('column.region'), value: (model) => model.regions.join(', ') },
    ...CAPABILITIES.map((capability) => ({
      name: t(`capability.${capability}`),
      value: (model: CatalogueModel) => (model.capabilities.includes(capability) ? t('models.yes') : '–'),
    })),
  ];
  return (
    <Card withBorder>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">
          {t('models.compare')}
        </Title>
        <Button size="xs" variant="default" onClick={onClear}>
          {t('models.clear')}
        </Button>
      </Group>
      <Table.ScrollContainer
        minWidth={200 + 160 * models.length}
        scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('models.compare') } }}
      >
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={200}>{t('models.usdPerMillion')}</Table.Th>
              {models.map((model) => (
                <Table.Th key={model.id}>
                  <Anchor component={Link} to={`/playground?model=${encodeURIComponent(model.id)}`} size="sm">
                    {model.id}
                  </Anchor>
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.name}>
                <Table.Th fw={400}>{row.name}</Table.Th>
                {models.map((model) => (
                  <Table.Td key={model.id}>{row.value(model)}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}
