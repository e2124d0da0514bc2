import { Anchor, Badge, Card, Checkbox, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { DataTable } from '../components/data-table.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { compact, usd } from '../format.js';
import { CatalogueDocument, type CatalogueQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { CompareCard } from '../models/compare-card.js';
import { FilterBar } from '../models/filter-bar.js';
import { GroupsCard } from '../models/groups-card.js';
import { type CatalogueModel, filterModels, NO_FILTER } from '../models/model-filters.js';

const PAGE = 40;
const MAX_COMPARED = 4;
/** Of the capabilities those that people choose by. */
const SHOWN = ['tools', 'imageInput', 'audioInput', 'jsonSchema', 'reasoning', 'promptCache'] as const;

export default function ModelsPage() {
  const { t } = useLocale();
  return (
    <Page title={t('nav.models')} hint={t('models.hint')}>
      <QueryView document={CatalogueDocument} variables={{}}>
        {(data) => <Models data={data} />}
      </QueryView>
    </Page>
  );
}

function Models({ data }: { readonly data: CatalogueQuery }) {
  const { t } = useLocale();
  const [filter, setFilter] = useState(NO_FILTER);
  const [shown, setShown] = useState(PAGE);
  const [compared, setCompared] = useState<readonly string[]>([]);
  const models = filterModels(data.catalogModels, filter);
  const toggle = (id: string) => setCompared(compared.includes(id) ? compared.filter((other) => other !== id) : [...compared, id]);
  return (
    <Stack>
      <FilterBar filter={filter} regions={data.gateway.regions} onChange={setFilter} />
      <CompareCard models={data.catalogModels.filter((model) => compared.includes(model.id))} onClear={() => setCompared([])} />
      <Card withBorder>
        <Text size="sm" c="dimmed" mb="xs" role="status">
          {t('models.found', { count: models.length, all: data.catalogModels.length })}
        </Text>
        <DataTable<CatalogueModel>
          label={t('nav.models')}
          minWidth={960}
          rows={models.slice(0, shown)}
          rowKey={(model) => model.id}
          onMore={models.length > shown ? () => setShown(shown + PAGE) : undefined}
          columns={[
            {
              title: t('models.compare'),
              render: (model) => (
                <Checkbox
                  aria-label={t('models.compareOne', { model: model.id })}
                  checked={compared.includes(model.id)}
                  disabled={compared.length >= MAX_COMPARED && !compared.includes(model.id)}
                  onChange={() => toggle(model.id)}
                />
              ),
            },
            { title: t('column.model'), render: (model) => <ModelName model={model} /> },
            { title: t('models.input'), numeric: true, render: (model) => usd(model.rates.inputUncached) },
            { title: t('models.cached'), numeric: true, render: (model) => usd(model.rates.cacheRead) },
            { title: t('models.output'), numeric: true, render: (model) => usd(model.rates.output) },
            { title: t('models.contextTokens'), numeric: true, render: (model) => compact(model.contextTokens) },
            {
              title: t('models.capabilities'),
              render: (model) => (
                <Group gap={4} maw={260}>
                  {SHOWN.filter((capability) => model.capabilities.includes(capability)).map((capability) => (
                    <Badge key={capability} size="sm" tt="none" fw={400}>
                      {t(`capability.${capability}`)}
                    </Badge>
                  ))}
                </Group>
              ),
            },
            { title: t('column.region'), render: (model) => model.regions.join(', ') },
          ]}
        />
        <Text size="xs" c="dimmed" mt="xs">
          {t('models.priceNote')}
        </Text>
      </Card>
      <GroupsCard groups={data.catalogGroups} />
    </Stack>
  );
}

function ModelName({ model }: { readonly model: CatalogueModel }) {
  const { t } = useLocale();
  return (
    <>
      <Anchor component={Link} to={`/playground?model=${encodeURIComponent(model.id)}`} size="sm" fw={600}>
        {model.id}
      </Anchor>
      {model.deprecated ? (
        <Badge ml={6} size="xs" color="orange">
          {t('models.deprecated')}
        </Badge>
      ) : null}
      <Text size="xs" c="dimmed">
        {model.name} · {model.ownedBy}
      </Text>
      {model.aliases.length > 0 ? (
        <Text size="xs" c="dimmed">
          {t('models.aliases', { names: model.aliases.join(', ') })}
        </Text>
      ) : null}
      {model.tiers.map((tier) => (
        <Text key={tier.aboveInputTokens} size="xs" c="dimmed">
          {t('models.above', {
            tokens: compact(tier.aboveInputTokens),
            input: usd(tier.rates.inputUncached),
            output: usd(tier.rates.output),
          })}
        </Text>
      ))}
    </>
  );
}
