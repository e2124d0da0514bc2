import { Badge, Card, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useParams } from 'react-router';
import { DataTable } from '../components/data-table.js';
import { FigureCard } from '../components/figure-card.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { Empty } from '../components/states.js';
import { count, milliseconds, moment, usd } from '../format.js';
import { GenerationDocument, type GenerationQuery } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';

type Story = NonNullable<GenerationQuery['generation']>;

export default function RequestPage() {
  const { id = '' } = useParams();
  const { t } = useLocale();
  return (
    <Page title={t('requests.one')} hint={id}>
      <QueryView document={GenerationDocument} variables={{ id }}>
        {({ generation }) => (generation ? <RequestStory story={generation} /> : <Empty>{t('requests.none')}</Empty>)}
      </QueryView>
    </Page>
  );
}

function RequestStory({ story }: { readonly story: Story }) {
  const { t } = useLocale();
  const { tokens, unitPrices } = story;
  const charges = [
    { name: t('tokens.input'), tokens: tokens.inputUncached, price: unitPrices?.input },
    { name: t('tokens.cacheRead'), tokens: tokens.cacheRead, price: unitPrices?.cacheRead },
    { name: t('tokens.cacheWrite5m'), tokens: tokens.cacheWrite5m, price: unitPrices?.cacheWrite5m },
    { name: t('tokens.cacheWrite1h'), tokens: tokens.cacheWrite1h, price: unitPrices?.cacheWrite1h },
    { name: t('tokens.output', { reasoning: count(tokens.reasoning) }), tokens: tokens.output, price: unitPrices?.output },
  ].filter((row) => row.tokens > 0);
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
        <FigureCard name={t('column.cost')} value={usd(story.costUsd)} note={story.reason} />
        <FigureCard name={t('requests.firstToken')} value={milliseconds(story.firstTokenMs)} />
        <FigureCard name={t('requests.total')} value={milliseconds(story.totalMs)} />
        <FigureCard name={t('column.status')} value={String(story.status ?? '–')} note={story.errorCode ?? story.finishReason ?? ''} />
      </SimpleGrid>
      <Card withBorder>
        <Table>
          <Table.Tbody>
            <Fact name={t('requests.asked')} value={story.modelAsked} />
            <Fact name={t('requests.served')} value={story.model} />
            <Fact name={t('column.vendor')} value={story.vendor} />
            <Fact name={t('column.region')} value={story.region} />
            <Fact name={t('requests.route')} value={story.route} />
            <Fact name={t('column.time')} value={moment(story.createdAt)} />
          </Table.Tbody>
        </Table>
        {story.estimated ? <Badge color="yellow">{t('requests.estimated')}</Badge> : null}
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('requests.charge')}
        </Title>
        <DataTable
          label={t('requests.charge')}
          rows={charges}
          rowKey={(row) => row.name}
          columns={[
            { title: t('column.kind'), render: (row) => row.name },
            { title: t('column.tokens'), numeric: true, render: (row) => count(row.tokens) },
            { title: t('requests.unitPrice'), numeric: true, render: (row) => row.price ?? '–' },
          ]}
        />
        <Text size="xs" c="dimmed" mt="xs">
          {t('requests.multiplier', { multiplier: story.multiplier })}
        </Text>
      </Card>
      <Card withBorder>
        <Title order={2} size="h4" mb="sm">
          {t('requests.attempts')}
        </Title>
        <DataTable
          label={t('requests.attempts')}
          rows={story.attempts.map((attempt, index) => ({ ...attempt, index }))}
          rowKey={(attempt) => String(attempt.index)}
          columns={[
            { title: t('column.vendor'), render: (attempt) => attempt.vendor },
            { title: t('column.model'), render: (attempt) => attempt.model },
            { title: t('requests.outcome'), render: (attempt) => attempt.outcome },
            { title: t('column.status'), numeric: true, render: (attempt) => attempt.status ?? '–' },
            { title: t('requests.total'), numeric: true, render: (attempt) => milliseconds(attempt.durationMs) },
          ]}
        />
      </Card>
      {story.excluded.length > 0 ? (
        <Card withBorder>
          <Title order={2} size="h4" mb="sm">
            {t('requests.excluded')}
          </Title>
          <DataTable
            label={t('requests.excluded')}
            rows={story.excluded}
            rowKey={(row) => `${row.model} ${row.vendor ?? ''} ${row.reason}`}
            columns={[
              { title: t('column.model'), render: (row) => row.model },
              { title: t('column.vendor'), render: (row) => row.vendor ?? '–' },
              { title: t('column.reason'), render: (row) => row.reason },
            ]}
          />
        </Card>
      ) : null}
    </Stack>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string | null | undefined }) {
  return (
    <Table.Tr>
      <Table.Th w={180}>{name}</Table.Th>
      <Table.Td>{value ?? '–'}</Table.Td>
    </Table.Tr>
  );
}
