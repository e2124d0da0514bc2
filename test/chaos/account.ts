/** A customer with an account of its own, over the nodes' REST: for faults of keys and payments. */

import { newId } from '../../control-plane/db/new-id.js';
import { adjustAccount } from '../../control-plane/modules/billing/credit-account.js';
import { inTransaction } from '../../control-plane/modules/billing/transaction.js';
import { NANO_PER_USD } from '../../shared/money.js';
import { type Fleet, until } from './fleet.js';

export interface Customer {
  readonly accountId: string;
  readonly apiKey: string;
  readonly keyId: string;
  /** As its owner; the body of the answer. Throws what an error says. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>;
  /** The same over the control plane's GraphQL; throws the errors. */
  ask(query: string, variables: object): Promise<void>;
  /** Nano-USD, available and leased. */
  balance(): Promise<bigint>;
}

const PATIENCE_MS = 20_000;

/** `usd` is given by the house. Every node knows the key. */
export async function customerOf(fleet: Fleet, usd = 0n): Promise<Customer> {
  const email = `chaos-${newId()}@test.example`;
  const { token, account } = await send<{ token: string; account: { id: string } }>(fleet, '', 'POST', '/auth/register', {
    email,
    password: 'correct horse battery',
  });
  const call: Customer['call'] = (method, path, body) => send(fleet, token, method, path, body);
  const { key, id } = await call<{ key: string; id: string }>('POST', '/v1/keys', { name: 'chaos' });
  const movement = { accountId: account.id, amount: usd * NANO_PER_USD, refType: 'chaos', refId: newId(), reason: 'Chaos' };
  if (usd > 0n) await inTransaction(fleet.pool, (client) => adjustAccount(client, movement));
  await until(
    async () => {
      const known = fleet.nodes.map((node) => fetch(`${node.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } }));
      return (await Promise.all(known)).every((response) => response.status === 200);
    },
    PATIENCE_MS,
    'every node knows the new key',
  );
  return {
    ...{ accountId: account.id, apiKey: key, keyId: id, call },
    async ask(query, variables) {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const body = JSON.stringify({ query, variables });
      const response = await fetch(`${fleet.stack.control.url}/graphql`, { method: 'POST', headers, body });
      const { errors } = (await response.json()) as { errors?: unknown };
      if (errors !== undefined) throw new Error(JSON.stringify(errors));
    },
    async balance() {
      const { rows } = await fleet.pool.query<{ balance: string }>(
        'SELECT available + leased AS balance FROM wallet WHERE account_id = $1',
        [account.id],
      );
      return BigInt(rows[0]?.balance ?? 0);
    },
  };
}

async function send<T>(fleet: Fleet, token: string, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${fleet.stack.gateway}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as T;
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
