import { Alert, Button, Card, Group, NumberInput, Select, SimpleGrid, Stack, Text, Textarea } from '@mantine/core';
import { useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { type ChatMessage, callGateway, streamChat } from '../chat-stream.js';
import { KeyField } from '../components/key-field.js';
import { Page } from '../components/page.js';
import { QueryView } from '../components/query-view.js';
import { PlaygroundModelsDocument, type PlaygroundModelsQuery } from '../generated/graphql.js';
import { useRememberedKey } from '../key-memory.js';
import { useLocale } from '../messages/locale.js';
import { ChatTurn, type Turn } from '../playground/chat-turn.js';
import { type Explanation, RouteExplanation } from '../playground/route-explanation.js';

const PRIMARY = 'primary';
/** Enough for a look; a frontier model that talks on costs money. */
const MAX_TOKENS = 512;
const KEY_HOURS = 1;
const KEY_BUDGET_USD = '1';

export default function PlaygroundPage() {
  const { t } = useLocale();
  return (
    <Page title={t('nav.playground')} hint={t('playground.hint')}>
      <QueryView document={PlaygroundModelsDocument} variables={{}}>
        {(data) => <Playground data={data} />}
      </QueryView>
    </Page>
  );
}

function Playground({ data }: { readonly data: PlaygroundModelsQuery }) {
  const { t } = useLocale();
  const { gateway, catalogModels, catalogGroups, wallet } = data;
  const [parameters] = useSearchParams();
  const apiKey = useRememberedKey('playground');
  const [model, setModel] = useState(parameters.get('model') ?? 'auto');
  const [host, setHost] = useState(PRIMARY);
  const [system, setSystem] = useState('');
  const [prompt, setPrompt] = useState('');
  const [maxTokens, setMaxTokens] = useState<number | undefined>(MAX_TOKENS);
  const [temperature, setTemperature] = useState<number | undefined>(undefined);
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [explanation, setExplanation] = useState<Explanation | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [running, setRunning] = useState<AbortController | null>(null);
  const lastId = useRef(0);
  const url = gateway.regions.find((region) => region.id === host)?.url ?? gateway.url;

  function messagesWith(question: string): ChatMessage[] {
    const before = turns.filter((turn) => turn.facts).flatMap(turnMessages);
    const instruction: ChatMessage[] = system.trim() === '' ? [] : [{ role: 'system', content: system }];
    return [...instruction, ...before, { role: 'user', content: question }];
  }

  async function send(): Promise<void> {
    const question = prompt.trim();
    if (question === '' || running) return;
    const id = ++lastId.current;
    const change = (patch: (turn: Turn) => Turn) => setTurns((all) => all.map((turn) => (turn.id === id ? patch(turn) : turn)));
    const controller = new AbortController();
    const messages = messagesWith(question);
    setTurns((all) => [...all, { id, question, answer: '' }]);
    setPrompt('');
    setProblem(null);
    setExplanation(null);
    setRunning(controller);
    try {
      const onText = (text: string) => change((turn) => ({ ...turn, answer: turn.answer + text }));
      const call = { gateway: url, apiKey, model, messages, maxTokens, temperature, signal: controller.signal, onText };
      const facts = await streamChat(call);
      change((turn) => ({ ...turn, facts }));
    } catch (error) {
      change((turn) => ({ ...turn, failure: controller.signal.aborted ? t('playground.stopped') : wordsOf(error) }));
    } finally {
      setRunning(null);
    }
  }

  async function explain(): Promise<void> {
    setProblem(null);
    try {
      const body = { model, messages: messagesWith(prompt.trim() || '…'), ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }) };
      const response = await callGateway(url, '/v1/routing/explain', apiKey, body);
      setExplanation((await response.json()) as Explanation);
    } catch (error) {
      setProblem(wordsOf(error));
    }
  }

  return (
    <Stack>
      <Card withBorder>
        <Stack>
          <KeyField purpose="playground" hours={KEY_HOURS} budgetUsd={KEY_BUDGET_USD} freeFirst={Number(wallet.availableUsd) <= 0} />
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
            <Select
              label={t('column.model')}
              searchable
              data={[
                { group: t('models.groups'), items: ['auto', ...catalogGroups.map((group) => group.id)] },
                { group: t('nav.models'), items: catalogModels.map((entry) => entry.id) },
              ]}
              value={model}
              onChange={(value) => setModel(value ?? 'auto')}
              allowDeselect={false}
              limit={300}
            />
            <Select
              label={t('column.region')}
              data={[
                { value: PRIMARY, label: t('first.nearest') },
                ...gateway.regions.map((region) => ({ value: region.id, label: region.city || region.name })),
              ]}
              value={host}
              onChange={(value) => setHost(value ?? PRIMARY)}
              allowDeselect={false}
            />
            <NumberInput
              label={t('playground.maxTokens')}
              min={1}
              value={maxTokens ?? ''}
              onChange={(value) => setMaxTokens(value === '' ? undefined : Number(value))}
            />
            <NumberInput
              label={t('playground.temperature')}
              placeholder={t('playground.default')}
              min={0}
              max={2}
              step={0.1}
              value={temperature ?? ''}
              onChange={(value) => setTemperature(value === '' ? undefined : Number(value))}
            />
          </SimpleGrid>
          <Textarea
            label={t('playground.system')}
            autosize
            maxRows={6}
            value={system}
            onChange={(event) => setSystem(event.currentTarget.value)}
          />
        </Stack>
      </Card>
      {turns.map((turn) => (
        <ChatTurn key={turn.id} turn={turn} free={apiKey.startsWith('sk-ama-test-')} />
      ))}
      <Card withBorder>
        <Textarea
          label={t('playground.prompt')}
          placeholder={t('playground.promptHint')}
          autosize
          minRows={3}
          maxRows={12}
          value={prompt}
          onChange={(event) => setPrompt(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
          }}
        />
        {problem ? (
          <Alert color="red" mt="sm" role="alert">
            {problem}
          </Alert>
        ) : null}
        <Group mt="sm">
          <Button disabled={apiKey === '' || prompt.trim() === ''} loading={running !== null} onClick={() => void send()}>
            {t('playground.send')}
          </Button>
          {running ? (
            <Button variant="default" onClick={() => running.abort()}>
              {t('playground.stop')}
            </Button>
          ) : null}
          <Button variant="default" disabled={apiKey === ''} onClick={() => void explain()}>
            {t('playground.explain')}
          </Button>
          {turns.length > 0 && !running ? (
            <Button variant="subtle" onClick={() => setTurns([])}>
              {t('playground.clear')}
            </Button>
          ) : null}
          {apiKey === '' ? (
            <Text size="sm" c="dimmed">
              {t('playground.needsKey')}
            </Text>
          ) : null}
        </Group>
      </Card>
      {explanation ? <RouteExplanation explanation={explanation} /> : null}
    </Stack>
  );
}

function turnMessages(turn: Turn): ChatMessage[] {
  return [
    { role: 'user', content: turn.question },
    { role: 'assistant', content: turn.answer },
  ];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
