import { Badge, Group, NumberInput, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useQuery } from 'urql';
import { QueryView } from '../components/query-view.js';
import { moment } from '../format.js';
import { MarginPreviewDocument, OperatorPricesDocument, SetModelPriceDocument } from '../generated/graphql.js';
import { useLocale } from '../messages/locale.js';
import { useAction } from '../use-action.js';
import type { PricedModel } from './catalogue-tab.js';
import { FormModal } from './form-modal.js';

const TYPING_MS = 250;
const MEMBERS = ['inputUncached', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output'] as const;
type Rates = Record<(typeof MEMBERS)[number], string>;
/** USD per million, six places: what a pico-dollar a token is. */
const RATE = /^\d{1,9}(\.\d{1,6})?$/;

/** USD per million tokens, from now or from a later moment on, with what each vendor would leave. Nodes have it within seconds. */
export function PriceModal({ model, onClose }: { readonly model: PricedModel; readonly onClose: () => void }) {
  const { t } = useLocale();
  const setPrice = useAction(SetModelPriceDocument);
  const [rates, setRates] = useState<Rates>(() => {
    const known = model.price?.rates;
    return Object.fromEntries(MEMBERS.map((member) => [member, known?.[member] ?? ''])) as Rates;
  });
  const labels: Rates = {
    inputUncached: t('operator.input'),
    cacheRead: t('operator.cached'),
    cacheWrite5m: t('operator.write5m'),
    cacheWrite1h: t('operator.write1h'),
    output: t('operator.output'),
  };
  async function submit(value: (name: string) => string): Promise<boolean> {
    const from = value('effectiveFrom');
    const effectiveFrom = from === '' ? {} : { effectiveFrom: new Date(from).toISOString() };
    const free = rates.inputUncached === '0' || rates.output === '0' ? { free: true } : {};
    if (!(await setPrice.run({ modelId: model.id, input: { rates, ...effectiveFrom, ...free } }))) return false;
    notifications.show({ message: from === '' ? t('operator.priceSet') : t('operator.priceScheduled') });
    return true;
  }
  return (
    <FormModal title={model.id} opened onClose={onClose} submit={t('operator.price')} busy={setPrice.busy} wide onSubmit={submit}>
      <Group grow align="flex-start">
        {MEMBERS.slice(0, 2).map(rateInput)}
      </Group>
      <Group grow align="flex-start">
        {MEMBERS.slice(2, 4).map(rateInput)}
      </Group>
      <Group grow align="flex-start">
        {rateInput('output')}
        <TextInput name="effectiveFrom" type="datetime-local" label={t('operator.effectiveFrom')} />
      </Group>
      <MarginTable modelId={model.id} rates={rates} />
      <PriceHistory modelId={model.id} />
    </FormModal>
  );

  function rateInput(member: keyof Rates) {
    return (
      <NumberInput
        key={member}
        label={labels[member]}
        value={rates[member]}
        onChange={(value) => setRates((before) => ({ ...before, [member]: String(value) }))}
        min={0}
        decimalScale={6}
        allowNegative={false}
        hideControls
        required
      />
    );
  }
}

/** Of each dollar, what stays; below 0 the model is sold below its cost there. */
function MarginTable({ modelId, rates }: { readonly modelId: string; readonly rates: Rates }) {
  const { t } = useLocale();
  const [wanted] = useDebouncedValue(rates, TYPING_MS);
  const complete = MEMBERS.every((member) => RATE.test(wanted[member]));
  const [{ data }] = useQuery({ query: MarginPreviewDocument, variables: { modelId, rates: wanted }, pause: !complete });
  if (!data || data.marginPreview.length === 0) return null;
  return (
    <div>
      <Title order={3} size="h5">
        {t('operator.marginPreview')}
      </Title>
      <Table.ScrollContainer
        minWidth={420}
        scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'region', 'aria-label': t('operator.marginPreview') } }}
      >
        <Table verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('column.vendor')}</Table.Th>
              <Table.Th ta="right">{t('tokens.input')}</Table.Th>
              <Table.Th ta="right">{t('tokens.cacheRead')}</Table.Th>
              <Table.Th ta="right">{t('operator.outputShort')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.marginPreview.map((row) => (
              <Table.Tr key={row.endpointId}>
                <Table.Td>{row.vendorId}</Table.Td>
                <Share value={row.input} cost={row.cost.inputUncached} />
                <Share value={row.cacheRead} cost={row.cost.cacheRead} />
                <Share value={row.output} cost={row.cost.output} />
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

function Share({ value, cost }: { readonly value: number | null | undefined; readonly cost: string }) {
  const { t } = useLocale();
  const share = value === null || value === undefined ? '–' : `${(value * 100).toFixed(1)} %`;
  return (
    <Table.Td ta="right" ff="monospace">
      {value !== null && value !== undefined && value < 0 ? <Badge color="red">{share}</Badge> : share}
      <Text size="xs" c="dimmed">
        {t('operator.costs', { cost })}
      </Text>
    </Table.Td>
  );
}

function PriceHistory({ modelId }: { readonly modelId: string }) {
  const { t } = useLocale();
  return (
    <div>
      <Title order={3} size="h5">
        {t('operator.priceHistory')}
      </Title>
      <QueryView document={OperatorPricesDocument} variables={{ modelId }}>
        {({ model }) => (
          <Stack gap={2}>
            {model?.prices.edges.map(({ node }) => (
              <Text key={node.revision} size="sm" ff="monospace">
                {moment(node.effectiveFrom)}: {node.rates.inputUncached} / {node.rates.cacheRead} / {node.rates.output}
                {new Date(node.effectiveFrom) > new Date() ? ` (${t('operator.scheduled')})` : ''}
              </Text>
            ))}
          </Stack>
        )}
      </QueryView>
    </div>
  );
}
