/**
 * The console in a real browser against a real stack: each page's main job, no violation of its Content-Security-Policy, no serious
 * finding of axe, nothing of a customer's text run as script. Screenshots go to `.data/screenshots`, wide and narrow, light and dark.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../support/browser.js';
import { startStack, type TestStack } from '../support/stack.js';

const SCREENSHOTS = '.data/screenshots';
const PAGES = ['', 'keys', 'requests', 'credits', 'team', 'settings'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser: Browser | undefined = await openBrowser();

describe.skipIf(browser === undefined)('the console', { timeout: 120_000 }, () => {
  let stack: TestStack;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    if (!browser) return;
    stack = await startStack({ nodes: ['us'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale: 'en-US', bypassCSP: false });
    page.on('console', (message) => {
      if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => {
      complaints.push(`a script ran: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(stack.control.url);
    await page.fill('input[name=email]', stack.operator.email);
    await page.fill('input[name=password]', stack.operator.password);
    await page.click('button[type=submit]');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
  }, 300_000);
  afterAll(() => browser?.close());

  test('creates a key that works, shows it once, and revokes it with the nodes that confirmed', async () => {
    await page.goto(`${stack.control.url}/keys`);
    await page.fill('input[name=name]', 'from the browser');
    await page.getByRole('button', { name: 'Create key' }).click();
    const dialog = page.getByRole('dialog');
    const key = (await dialog.locator('pre').textContent()) ?? '';
    expect(key).toMatch(/^sk-ama-[0-9A-Za-z]{38}$/);
    expect(await complete(key)).toBe(200);
    await page.keyboard.press('Escape');
    await page
      .getByRole('row', { name: /from the browser/ })
      .getByRole('button', { name: 'Revoke' })
      .click();
    await page.getByText('Revoked; 1 of 1 nodes have confirmed.').waitFor();
    expect(await complete(key)).toBe(401);
  });

  test('takes a vendor key on the BYOK tab and shows only its end', async () => {
    await page.goto(`${stack.control.url}/keys`);
    await page.getByRole('tab', { name: 'BYOK' }).click();
    await page.fill('input[name=apiKey]', 'sk-vendor-key-of-the-customer-1234');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('cell', { name: '…1234' }).waitFor();
    expect(await page.content()).not.toContain('sk-vendor-key-of-the-customer');
  });

  test('shows a request with its whole story', async () => {
    expect(await complete(stack.apiKey)).toBe(200);
    await page.goto(`${stack.control.url}/requests`);
    await page.locator('a[href^="/requests/"]').first().click();
    await page.getByRole('heading', { name: 'How the charge comes about' }).waitFor();
    await page.getByRole('heading', { name: 'Attempts' }).waitFor();
  });

  test('runs nothing that a customer wrote', async () => {
    await page.goto(`${stack.control.url}/keys`);
    await page.fill('input[name=name]', '<img src=x onerror=alert(1)><script>alert(2)</script>');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.keyboard.press('Escape');
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    expect(complaints).toEqual([]);
  });

  test.each(PAGES)('page /%s has no serious finding of axe and keeps its policy', async (path) => {
    await page.goto(`${stack.control.url}/${path}`);
    await page.locator('h1').waitFor();
    await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'hidden' });
    await page.evaluate(AXE);
    const findings = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      };
      const { violations } = await axe.run();
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`);
    });
    expect(findings).toEqual([]);
    expect(complaints).toEqual([]);
    await photograph(path || 'overview');
  });

  async function photograph(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    for (const [width, scheme] of [
      [1280, 'light'],
      [1280, 'dark'],
      [360, 'light'],
      [360, 'dark'],
    ] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${scheme}.png`, fullPage: true });
      expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth')).toBe(true);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
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
