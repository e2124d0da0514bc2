/**
 * The operator's pages in a real browser against a real stack: each page's main job, from a price that is charged within seconds to a
 * drained node; then axe and screenshots of every page. What would take days to arise (alerts, payments) is put into the database.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../control-plane/db/new-id.js';
import { openBrowser } from '../support/browser.js';
import { startStack, type TestStack } from '../support/stack.js';
import { type ConsolePage, openConsole } from './console-page.js';

const SECTIONS = [
  'revenue',
  'accounts',
  'payments',
  'batches',
  'catalogue',
  'import',
  'vendors',
  'groups',
  'fleet',
  'revisions',
  'ledger',
  'alerts',
  'audit',
];

const browser: Browser | undefined = await openBrowser();

describe.skipIf(browser === undefined)('an operator in the console', { timeout: 90_000 }, () => {
  let stack: TestStack;
  let console: ConsolePage;
  let page: Page;
  let accountId: string;

  beforeAll(async () => {
    if (!browser) return;
    stack = await startStack({ nodes: ['us', 'sg'] });
    console = await openConsole(browser, stack.control.url);
    page = console.page;
    await page.goto(stack.control.url);
    await page.fill('input[name=email]', stack.operator.email);
    await page.fill('input[name=password]', stack.operator.password);
    await page.click('button[type=submit]');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    const { rows } = await stack.database.pool.query(
      'SELECT account_id FROM membership JOIN app_user ON app_user.id = user_id WHERE operator',
    );
    accountId = rows[0].account_id;
    for (const model of ['gpt-4o-mini', 'ama/smart-code', 'claude-haiku-4-5', 'ama/smart-write']) await complete(model);
    await stack.database.pool.query(
      `INSERT INTO top_up (id, account_id, method, amount, status, credited, paid_at) VALUES ($1, $3, 'card', 25000000000, 'paid', 25000000000, now()), ($2, $3, 'usdt', 10000000000, 'pending', 0, NULL)`,
      [newId(), newId(), accountId],
    );
    await stack.database.pool.query(
      `INSERT INTO alert (kind, subject, detail, account_id) VALUES ('lease_expired', 'lease of us-7', 'not renewed for 14 minutes', $1)`,
      [accountId],
    );
    await stack.database.pool.query(
      `INSERT INTO quarantine (node_id, epoch, sequence, reason, detail, event, fingerprint) VALUES ('us-1', 1, 1, 'unknown_key', 'no such key', '{"requestId":"x"}', '\\x00')`,
    );
  }, 300_000);
  afterAll(() => browser?.close());

  const dialog = () => page.getByRole('dialog');
  const row = (name: RegExp) => page.getByRole('row', { name });

  test('finds an account by part of its name, credits it with a reason, and the header tells the balance live', async () => {
    await console.goto('operator/accounts');
    const balance = page.getByTitle('Balance, opens Credits');
    const before = await balance.textContent();
    const { rows } = await stack.database.pool.query('SELECT name FROM account WHERE id = $1', [accountId]);
    await page.getByLabel('Search').fill(String(rows[0].name).slice(1, 6));
    await page.getByRole('link', { name: rows[0].name, exact: true }).click();
    await page.getByRole('button', { name: 'Adjust' }).click();
    await dialog().getByLabel('USD, negative to debit').fill('3.25');
    await dialog().getByLabel('Reason').fill('Goodwill for the outage');
    await dialog().getByRole('button', { name: 'Adjust' }).click();
    await dialog().waitFor({ state: 'hidden' });
    await expect.poll(() => balance.textContent(), { timeout: 5_000 }).not.toBe(before);
    await page.reload();
    await row(/Goodwill for the outage/)
      .getByText('$3.25')
      .first()
      .waitFor();
  });

  test('suspends an account: its keys are refused; reopens it: they work', async () => {
    await console.goto(`operator/accounts/${accountId}`);
    for (const [button, status] of [
      ['Suspend', 403],
      ['Reopen', 200],
    ] as const) {
      await page.getByRole('button', { name: button }).click();
      await dialog().getByLabel('Reason').fill('test');
      await dialog().getByRole('button', { name: button }).click();
      await dialog().waitFor({ state: 'hidden' });
      await expect.poll(() => complete('gpt-4o-mini'), { timeout: 10_000 }).toBe(status);
    }
  });

  test('shows what was earned by day, vendor and model, and what smart groups chose', async () => {
    await expect
      .poll(async () => (await stack.database.pool.query('SELECT sum(requests)::int AS n FROM house_rollup')).rows[0].n, {
        timeout: 20_000,
      })
      .toBeGreaterThanOrEqual(5);
    await console.goto('operator/revenue');
    await row(/^openai /).waitFor();
    await row(/^gpt-4o-mini /).waitFor();
    await row(/^ama\/smart-code /).waitFor();
  });

  test('lists payments of all customers by state', async () => {
    await console.goto('operator/payments');
    await row(/usdt.*pending/).waitFor();
    await page.getByLabel('Status').selectOption('paid');
    await row(/usdt/).waitFor({ state: 'hidden' });
    await row(/card.*paid.*\$25\.00/).waitFor();
  });

  test('follows a batch of a customer to its end', async () => {
    const items = Array.from({ length: 5 }, (_, index) => ({
      custom_id: `item-${index}`,
      model: 'gpt-4o-mini',
      messages: [{ role: 'user', content: 'Hello' }],
    }));
    await console.goto('operator/batches');
    const response = await fetch(`${stack.gateway}/v1/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ requests: items }),
    });
    expect([response.status, await response.text()]).toEqual([202, expect.any(String)]);
    await row(/completed.*5 of 5, 0 failed/).waitFor();
  });

  test('shows the margin of a new price before it is set, and charges it within seconds', async () => {
    await console.goto('operator/catalogue');
    await page.getByLabel('Search').fill('gpt-4o-mini');
    await row(/^gpt-4o-mini /)
      .getByRole('button', { name: 'Set price' })
      .click();
    await dialog().getByLabel('Output, USD/M').fill('123');
    await dialog().getByText('cost 0.6').first().waitFor();
    await dialog().getByText('99.5 %').first().waitFor();
    await dialog().getByRole('button', { name: 'Set price' }).click();
    await page.getByText('The price is in force').waitFor();
    await expect.poll(async () => (await listedPrice('gpt-4o-mini')).completion, { timeout: 10_000 }).toBe('0.000123');
  });

  test('schedules a price for later; until then the old one holds', async () => {
    await console.goto('operator/catalogue');
    await page.getByLabel('Search').fill('gpt-4o');
    await row(/^gpt-4o value|^gpt-4o standard|^gpt-4o frontier/)
      .getByRole('button', { name: 'Set price' })
      .click();
    await dialog().getByLabel('Output, USD/M').fill('77');
    await dialog()
      .getByLabel(/In force from/)
      .fill('2035-01-01T00:00');
    await dialog().getByRole('button', { name: 'Set price' }).click();
    await page.getByText('The price is scheduled.').waitFor();
    await row(/^gpt-4o value|^gpt-4o standard|^gpt-4o frontier/)
      .getByRole('button', { name: 'Set price' })
      .click();
    await dialog()
      .getByText(/2035.*77 \(scheduled\)/)
      .waitFor();
    expect((await listedPrice('gpt-4o')).completion).not.toBe('0.000077');
  });

  test('shows what the catalogue of this version would change, and applies it', async () => {
    await console.goto('operator/import');
    await row(/gpt-4o-mini.*price\.output: 123 -> 0\.6/).waitFor();
    expect(await page.getByRole('checkbox', { name: /^Choose/ }).count()).toBe(1);
    await page.getByLabel('Choose gpt-4o-mini', { exact: true }).check();
    await page.getByRole('button', { name: 'Apply 1 models' }).click();
    await page.getByText('1 models changed').waitFor();
    await expect.poll(async () => (await listedPrice('gpt-4o-mini')).completion, { timeout: 10_000 }).toBe('0.0000006');
  });

  test('adds a credential, weighs it, rotates it and puts it out of use; the secret is never shown', async () => {
    await console.goto('operator/vendors');
    const card = page.locator('.mantine-Card-root').filter({ has: page.getByRole('heading', { name: 'OpenAI', exact: true }) });
    await card.getByRole('button', { name: 'Add credential' }).click();
    await dialog().getByLabel('Secret').fill('sandbox-second-credential-5678');
    await dialog().getByLabel('Label').fill('second');
    await dialog().getByRole('button', { name: 'Add credential' }).click();
    const second = card.getByRole('row', { name: /^second / });
    await second.getByText('…5678').waitFor();
    await second.getByRole('button', { name: 'Weight' }).click();
    await dialog()
      .getByLabel(/Weight/)
      .fill('3');
    await dialog().getByRole('button', { name: 'Weight' }).click();
    await second.getByText('75 %').waitFor();
    await second.getByRole('button', { name: 'Rotate' }).click();
    await dialog().getByLabel('Secret').fill('sandbox-third-credential-9012');
    await dialog().getByRole('button', { name: 'Rotate' }).click();
    await second.getByText('…9012').waitFor();
    await card.getByText('…5678').waitFor({ state: 'hidden' });
    await second.getByRole('button', { name: 'Disable' }).click();
    await second.getByRole('button', { name: 'Delete' }).click();
    await second.waitFor({ state: 'hidden' });
    expect(await page.content()).not.toContain('sandbox-third-credential');
  });

  test('changes the order of a group by keyboard and by dragging, and it stays', async () => {
    await console.goto('operator/groups');
    const list = page.getByRole('region', { name: 'ama/smart-code' }).getByRole('list', { name: 'Frontier' });
    await list.waitFor();
    const order = () => list.getByRole('listitem').allTextContents();
    const before = await order();
    const [first = '', second = '', third = ''] = before;
    await list.getByRole('button', { name: `Move ${second} up` }).press('Enter');
    expect(await order()).toEqual([second, first, ...before.slice(2)]);
    if (third) {
      await list.getByRole('listitem').nth(2).dragTo(list.getByRole('listitem').nth(0));
      expect((await order())[0]).toBe(third);
    }
    const wanted = await order();
    await page.getByRole('region', { name: 'ama/smart-code' }).getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved; nodes have it within seconds.').waitFor();
    await page.reload();
    await expect.poll(order, { timeout: 10_000 }).toEqual(wanted);
  });

  test('explains what a node would do with a pasted request', async () => {
    await console.goto('operator/groups');
    await page
      .getByLabel('Body of a completion (JSON)')
      .fill(JSON.stringify({ model: 'ama/smart-write', messages: [{ role: 'user', content: 'A haiku about rain.' }] }));
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText(/Chosen by node (us|sg)-\d, revision \d+: ama\/smart-write: /).waitFor();
    await page.getByLabel('Body of a completion (JSON)').fill('{ "model": ');
    await page.getByText('This is not JSON.').waitFor();
  });

  test('tells the fleet live, drains a node until told otherwise', async () => {
    await console.goto('operator/fleet');
    await page.getByText('live', { exact: true }).waitFor();
    const node = row(/sg-2/);
    const ready = async () => (await fetch(`${stack.nodes[1]?.url}/readyz`)).status;
    await node.getByRole('button', { name: 'Drain' }).click();
    await node.getByText('draining').waitFor();
    expect(await ready()).toBe(503);
    await node.getByRole('button', { name: 'End drain' }).click();
    await node.getByText('ready', { exact: true }).waitFor();
    expect(await ready()).toBe(200);
  });

  test('shows what two revisions differ in, and rolls back', async () => {
    await console.goto('operator/revisions');
    const rows = page.getByRole('row').filter({ has: page.getByRole('radio') });
    await rows.first().waitFor();
    const newest = Number(await rows.first().getByRole('cell').nth(2).textContent());
    const oldest = Number(await rows.last().getByRole('cell').nth(2).textContent());
    await page.getByLabel(`From ${oldest}`, { exact: true }).check();
    await page.getByLabel(`To ${newest}`, { exact: true }).check();
    await page.getByRole('heading', { name: `From ${oldest} to ${newest}` }).waitFor();
    await row(/groups ama\/smart-code|groupsama\/smart-code/).waitFor();
    await rows.last().getByRole('button', { name: 'Roll back' }).click();
    await dialog().getByRole('button', { name: 'Roll back' }).click();
    await dialog().waitFor({ state: 'hidden' });
    await expect
      .poll(async () => Number(await rows.first().getByRole('cell').nth(2).textContent()), { timeout: 15_000 })
      .toBeGreaterThan(newest);
  });

  test('shows that the books add up', async () => {
    await console.goto('operator/ledger');
    await row(/^customer /).waitFor();
    await row(/^revenue /).waitFor();
    await page.getByText(/Accounts found right/).waitFor();
  });

  test('clears an alert and notes what was made of refused usage', async () => {
    await console.goto('operator/alerts');
    await row(/lease of us-7/)
      .getByRole('button', { name: 'Resolve' })
      .click();
    await row(/lease of us-7/).waitFor({ state: 'hidden' });
    await row(/unknown_key/)
      .getByRole('button', { name: 'Open' })
      .click();
    await dialog().getByLabel('What was made of it').fill('A test event');
    await dialog().getByRole('button', { name: 'Resolve' }).click();
    await row(/unknown_key/).waitFor({ state: 'hidden' });
    await page.getByLabel('Show resolved').check();
    await row(/A test event/).waitFor();
  });

  test('tells who did what, and that the log is whole', async () => {
    await console.goto('operator/audit');
    await row(new RegExp(`${stack.operator.email}.*quarantine.resolve`)).waitFor();
    await page.getByRole('button', { name: 'Verify hashes' }).click();
    await page.getByText(/All \d+ lines are intact/).waitFor();
  });

  test.each(SECTIONS)('page /operator/%s has no serious finding of axe and keeps its policy', async (section) => {
    await console.goto(`operator/${section}`);
    await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'hidden' });
    if (section === 'groups') await page.getByRole('region', { name: 'ama/smart-code' }).waitFor();
    if (section === 'revenue') await page.locator('.recharts-bar-rectangle').first().waitFor();
    expect(await console.audit()).toEqual([]);
    await console.photograph(`operator-${section}`);
    expect(console.complaints).toEqual([]);
  });

  test('the dialog of a price has no serious finding of axe', async () => {
    await console.goto('operator/catalogue');
    await page.getByRole('button', { name: 'Set price' }).first().click();
    await dialog().getByText(/cost /).first().waitFor();
    expect(await console.audit()).toEqual([]);
    await console.photograph('operator-price');
  });

  test('the dry run has no serious finding of axe', async () => {
    await console.goto('operator/groups');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText(/Chosen by node/).waitFor();
    expect(await console.audit()).toEqual([]);
    await console.photograph('operator-dry-run');
  });

  async function complete(model: string): Promise<number> {
    const response = await fetch(`${stack.gateway}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  async function listedPrice(model: string): Promise<{ completion: string }> {
    const response = await fetch(`${stack.gateway}/v1/models/${model}`, { headers: { authorization: `Bearer ${stack.apiKey}` } });
    return ((await response.json()) as { pricing: { completion: string } }).pricing;
  }
});
