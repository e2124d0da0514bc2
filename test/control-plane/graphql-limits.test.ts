/** What GraphQL refuses before anything runs, at both of its doors, as it stands in production. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type ControlPlaneFixture, type Person, startControlPlane } from './control-plane-fixture.js';

let control: ControlPlaneFixture;
let person: Person;
beforeAll(async () => {
  control = await startControlPlane({ mode: 'production' });
  person = await control.register();
});

async function messages(query: string): Promise<string> {
  const { errors = [] } = await control.graphql(query, {}, person.token);
  return errors.map((error) => error.message).join('; ');
}

const nest = (levels: number, inner = 'id') => `${'{ a '.repeat(levels)}{ ${inner} }${' }'.repeat(levels)}`;

describe.each([
  ['depth', nest(20), /depth/i],
  [
    'depth by fragments',
    `query { ...f0 } ${Array.from({ length: 20 }, (_none, index) => `fragment f${index} on Query { a { ...f${index + 1} } }`).join(' ')} fragment f20 on Query { id }`,
    /depth|token|fragment/i,
  ],
  ['aliases', `{ ${Array.from({ length: 40 }, (_none, index) => `a${index}: me { role }`).join(' ')} }`, /alias/i],
  ['directives', `{ me ${'@include(if: true) '.repeat(30)}{ role } }`, /directive/i],
  ['tokens', `{ me { ${'role '.repeat(3_000)} } }`, /token/i],
  ['cost', nest(11, 'a { b } '.repeat(150)), /cost/i],
])('%s', (_what, query, refusal) => {
  test('is limited', async () => {
    expect(await messages(query)).toMatch(refusal);
  });
});

test('the subscription door has the same limits', async () => {
  const response = await fetch(`${control.url}/graphql/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${person.token}` },
    body: JSON.stringify({ query: `subscription ${nest(20)}` }),
  });
  expect(await response.text()).toMatch(/depth|cost/i);
});

test('introspection and the names of fields are not given away', async () => {
  expect(await messages('{ __schema { types { name } } }')).toMatch(/introspection/i);
  expect(await messages('{ vendor(id: "x") { credental } }')).not.toMatch(/credential"/);
  const page = await fetch(`${control.url}/graphql`, { headers: { accept: 'text/html' } });
  expect(page.status).toBeGreaterThanOrEqual(400);
});

test('a page of another site cannot make a browser send an operation: neither as a form, nor as text, nor in a link', async () => {
  const query = 'mutation { logout }';
  const sent = [
    fetch(`${control.url}/graphql?query=${encodeURIComponent(query)}`),
    fetch(`${control.url}/graphql`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: JSON.stringify({ query }) }),
    fetch(`${control.url}/graphql`, { method: 'POST', body: new URLSearchParams({ query }) }),
  ];
  for (const response of await Promise.all(sent)) expect(response.status).toBeGreaterThanOrEqual(400);
});

test('what a member may not give themselves is not a member of any input', async () => {
  for (const query of [
    'mutation { createApiKey(input: { name: "k", accountId: "018f0000-0000-7000-8000-000000000001" }) { key } }',
    'mutation { updateAccount(name: "n", status: "active") { id } }',
    'mutation { register(email: "m@example.com", password: "correct horse battery", role: "owner") { token } }',
  ])
    expect(await messages(query)).toMatch(/unknown argument|not defined/i);
});
