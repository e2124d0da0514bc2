/** The one GraphQL client. Adds the bearer, renews it before it ends, and asks once more after a refusal. */
import { Client, cacheExchange, fetchExchange } from 'urql';
import { currentToken, isExpiring, refresh } from './session/session-store.js';

/** Throws what `fetch` throws. */
export async function authorizedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const token = isExpiring(Date.now()) ? await refresh() : currentToken();
  const response = await send(input, init, token);
  if (token === null || response.status !== 401) return response;
  const renewed = await refresh();
  return renewed === null ? response : send(input, init, renewed);
}

function send(input: RequestInfo | URL, init: RequestInit | undefined, token: string | null): Promise<Response> {
  const headers = new Headers(init?.headers);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  return fetch(input, { ...init, headers });
}

export const graphqlClient = new Client({
  url: '/graphql',
  preferGetMethod: false,
  exchanges: [cacheExchange, fetchExchange],
  fetch: authorizedFetch,
  requestPolicy: 'cache-and-network',
});
