/** Every query that the console sends, from its own documents, with variables that find something in a database of `seed-large`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DocumentNode, Kind, type OperationDefinitionNode, parse, print, separateOperations } from 'graphql';
import type { Pool } from 'pg';

const DOCUMENTS = 'control-plane/console/src/documents';

export interface ConsoleOperation {
  readonly name: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operator: boolean;
}

/** Ids that variables name. */
export interface SeededIds {
  readonly accountId: string;
  readonly generationId: string;
  readonly batchId: string | null;
  readonly revisions: readonly [number, number] | null;
}

export async function findSeededIds(pool: Pool): Promise<SeededIds> {
  const { rows: accounts } = await pool.query(
    `SELECT account_id FROM membership JOIN app_user ON app_user.id = user_id WHERE email = 'customer-0@large.test'`,
  );
  const accountId: string = accounts[0].account_id;
  const { rows: requests } = await pool.query('SELECT request_id FROM settlement WHERE account_id = $1 ORDER BY position DESC LIMIT 1', [
    accountId,
  ]);
  const { rows: batches } = await pool.query('SELECT id FROM batch WHERE account_id = $1 ORDER BY id DESC LIMIT 1', [accountId]);
  const { rows: revisions } = await pool.query('SELECT revision FROM published_revision ORDER BY revision DESC LIMIT 2');
  const batchId = batches[0] ? `batch_${batches[0].id.replaceAll('-', '')}` : null;
  const pair = revisions.length === 2 ? ([Number(revisions[1].revision), Number(revisions[0].revision)] as const) : null;
  return { accountId, generationId: requests[0].request_id, batchId, revisions: pair };
}

/** Left out: what needs a live node or a payment provider, or reads what this database does not hold. */
const LEFT_OUT = new Set(['ExplainRoute', 'TopUp', 'TopUpState', 'Statement', 'Receipt', 'VerifyAuditLog', 'Batch']);

export function listConsoleOperations(ids: SeededIds): ConsoleOperation[] {
  const texts = readdirSync(DOCUMENTS).map((file) => [file, readFileSync(join(DOCUMENTS, file), 'utf8')] as const);
  const fragments = texts.flatMap(([, text]) =>
    parse(text).definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION),
  );
  return texts.flatMap(([file, text]) =>
    operationsOf(text)
      .filter((operation) => operation.operation === 'query' && !LEFT_OUT.has(nameOf(operation)))
      .flatMap((operation) => {
        const variables = variablesOf(operation, ids);
        if (!variables) return [];
        const whole: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] };
        const query = print(separateOperations(whole)[nameOf(operation)] ?? whole);
        return [{ name: nameOf(operation), query, variables, operator: file === 'operator.graphql' }];
      }),
  );
}

function operationsOf(text: string): OperationDefinitionNode[] {
  return parse(text).definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
}

function nameOf(operation: OperationDefinitionNode): string {
  return operation.name?.value ?? '';
}

/** Undefined when something that the operation needs is not there. Throws for a required variable that nobody knows. */
function variablesOf(operation: OperationDefinitionNode, ids: SeededIds): Record<string, unknown> | undefined {
  const name = nameOf(operation);
  if (name === 'OperatorRevisionDiff') return ids.revisions ? { from: ids.revisions[0], to: ids.revisions[1] } : undefined;
  const known: Readonly<Record<string, unknown>> = {
    id: name.startsWith('Operator') ? ids.accountId : name.includes('Batch') ? ids.batchId : ids.generationId,
    accountId: ids.accountId,
    modelId: 'gpt-4o-mini',
    unfinished: false,
    resolved: false,
    days: 30,
    first: 50,
    month: new Date().toISOString().slice(0, 7),
    from: new Date(Date.now() - 29 * 24 * 3600 * 1000).toISOString(),
    search: name === 'OperatorAccounts' ? 'omer-77' : undefined,
  };
  const variables: Record<string, unknown> = {};
  for (const { variable, type } of operation.variableDefinitions ?? []) {
    const value = known[variable.name.value];
    const required = type.kind === Kind.NON_NULL_TYPE;
    if (required && value === null) return undefined;
    if (required && value === undefined) throw new Error(`${name}: no value for $${variable.name.value}`);
    if (value !== undefined && (required || name !== 'OperatorAudit')) variables[variable.name.value] = value;
  }
  return variables;
}
