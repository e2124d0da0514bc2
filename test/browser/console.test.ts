/**
 * What every page of the console shares, in a real browser against a real stack: keys that are shown once and revoked, vendor keys that are
 * never shown again, and nothing of a person's text run as script, wherever it can be written.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.js';
import { startStack, type TestStack } from '../support/stack.js';
import { type ConsolePage, openConsole } from './console-page.js';

const HOSTILE = '<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}"\'><svg onload=alert(3)>';

const browser: Browser | undefined = await openBrowser();

describe.skipIf(browser === undefined)('the console', { timeout: 120_000 }, () => {
  let stack: TestStack;
  let console: ConsolePage;
  let page: Page;

  beforeAll(async () => {
    if (!browser) return;
    stack = await startStack({ nodes: ['us'] });
    console = await openConsole(browser, stack.control.url);
    page = console.page;
    await console.goto('');
    await page.fill('input[name=email]', stack.operator.email);
    await page.fill('input[name=password]', stack.operator.password);
    await page.click('button[type=submit]');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  }, 300_000);
  afterAll(() => browser?.close());

  test('creates a key that works, shows it once, and revokes it with the nodes that confirmed', async () => {
    await console.goto('keys');
    await page.fill('input[name=name]', 'from the browser');
    await page.getByRole('button', { name: 'More limits' }).click();
    await page.getByLabel('USD a day').fill('3.50');
    await page.getByRole('button', { name: 'Create key' }).click();
    const dialog = page.getByRole('dialog');
    const key = (await dialog.locator('pre').textContent()) ?? '';
    expect(key).toMatch(/^sk-ama-[0-9A-Za-z]{38}$/);
    expect(await complete(key)).toBe(200);
    await page.keyboard.press('Escape');
    const row = page.getByRole('row', { name: /from the browser/ });
    await row.getByText('$3.50 a day').waitFor();
    await row.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('Revoked; 1 of 1 nodes have confirmed.').waitFor();
    expect(await complete(key)).toBe(401);
  });

  test('takes a vendor key on the BYOK tab and shows only its end', async () => {
    await console.goto('keys');
    await page.getByRole('tab', { name: 'BYOK' }).click();
    await page.fill('input[name=apiKey]', 'sk-vendor-key-of-the-customer-1234');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: '…1234' }).waitFor();
    expect(await page.content()).not.toContain('sk-vendor-key-of-the-customer');
    expect(await console.audit()).toEqual([]);
    await console.photograph('byok');
  });

  test('shows a request with its whole story', async () => {
    expect(await complete(stack.apiKey)).toBe(200);
    await console.goto('requests');
    await page.locator('a[href^="/requests/"]').first().click();
    await page.getByRole('heading', { name: 'How the charge comes about' }).waitFor();
    await page.getByRole('heading', { name: 'Attempts' }).waitFor();
    expect(await console.audit()).toEqual([]);
  });

  test.each([
    ["a key's name", 'keys', () => fillAndPress('input[name=name]', 'Create key')],
    ['a prompt', 'playground', askHostile],
    ["a batch item's custom_id", 'batches', submitHostile],
    ['the name of an endpoint', 'webhooks', () => fillAndPress('input[name=url]', 'Add endpoint')],
    ['a search for models', 'models', () => page.getByLabel('Search').fill(HOSTILE)],
    ["a request's id", 'requests', () => fillAndPress('input[name=id]', 'Open')],
    ["an invited member's address", 'team', () => fillAndPress('input[name=email]', 'Invite')],
  ] as const)('runs nothing that is written as %s', async (_what, path, write) => {
    await console.goto(path);
    await write();
    await page.keyboard.press('Escape');
    await page.waitForTimeout(500);
    for (const shown of ['', 'requests', 'keys', 'batches']) await console.goto(shown);
    expect(console.complaints).toEqual([]);
  });

  async function fillAndPress(field: string, button: string): Promise<void> {
    await page.fill(field, HOSTILE);
    await page.getByRole('button', { name: button }).click();
  }

  async function askHostile(): Promise<void> {
    await page.getByLabel('API key').fill(stack.apiKey);
    await page.getByRole('textbox', { name: 'System instruction' }).fill(HOSTILE);
    await page.getByRole('textbox', { name: 'Message' }).fill(HOSTILE);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText(/^Cost: /).waitFor({ timeout: 30_000 });
  }

  async function submitHostile(): Promise<void> {
    const requests = [{ custom_id: HOSTILE, model: 'gpt-4o-mini', messages: [{ role: 'user', content: HOSTILE }] }];
    await page.getByLabel('API key').fill(stack.apiKey);
    await page.getByRole('textbox', { name: 'Requests' }).fill(JSON.stringify(requests));
    await page.getByRole('button', { name: 'Submit batch' }).click();
    await page
      .getByRole('row', { name: /completed/ })
      .getByRole('link')
      .click({ timeout: 60_000 });
    await page.getByText(HOSTILE).first().waitFor();
  }

  async function complete(key: string): Promise<number> {
    const response = await fetch(`${stack.gateway}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] }),
    });
    await response.arrayBuffer();
    return response.status;
  }
});
