import { Alert, Anchor, Badge, Group, Paper, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { ChatFacts } from '../chat-stream.js';
import { count, milliseconds, usd } from '../format.js';
import { useLocale } from '../messages/locale.js';

export interface Turn {
  readonly id: number;
  readonly question: string;
  readonly answer: string;
  /** Absent while it streams. */
  readonly facts?: ChatFacts;
  readonly failure?: string;
}

/** A question, its answer as it comes, and what the answer was made of. */
export function ChatTurn({ turn, free }: { readonly turn: Turn; readonly free: boolean }) {
  const { t } = useLocale();
  const { facts } = turn;
  return (
    <Paper withBorder p="md">
      <Text size="sm" fw={600} style={{ whiteSpace: 'pre-wrap' }}>
        {turn.question}
      </Text>
      <Text size="sm" mt="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }} aria-live="polite">
        {turn.answer || (turn.failure || facts ? '' : '…')}
      </Text>
      {turn.failure ? (
        <Alert color="red" mt="sm" role="alert">
          {turn.failure}
        </Alert>
      ) : null}
      {facts ? (
        <>
          <Group gap="xs" mt="sm">
            <Fact name={t('requests.served')} value={facts.model} />
            <Fact name={t('column.vendor')} value={facts.vendor} />
            <Fact name={t('column.region')} value={facts.region} />
            <Fact name={t('column.tokens')} value={`${amount(facts.promptTokens)} → ${amount(facts.completionTokens)}`} />
            <Fact name={t('requests.firstToken')} value={milliseconds(facts.firstTokenMs)} />
            <Fact name={t('requests.total')} value={milliseconds(facts.totalMs)} />
            <Fact
              name={t('playground.cost')}
              value={facts.costUsd === undefined ? '–' : free ? t('playground.free') : usd(facts.costUsd)}
            />
          </Group>
          <Text size="xs" c="dimmed" mt="xs">
            {t('requests.route')}: {facts.route}
          </Text>
          <Anchor component={Link} to={`/requests/${facts.generation}`} size="xs">
            {t('first.story')}
          </Anchor>
        </>
      ) : null}
    </Paper>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <Badge tt="none" fw={400} size="lg">
      {name}: {value}
    </Badge>
  );
}

function amount(tokens: number | undefined): string {
  return tokens === undefined ? '–' : count(tokens);
}
