/** When each page of the console is interactive in Chromium: its heading stands and nothing loads any more. Undefined browser: none. */
import type { Page } from 'playwright-core';
import { openBrowser } from '../support/browser.js';

const CUSTOMER_PAGES = ['', 'start', 'keys', 'models', 'playground', 'requests', 'batches', 'credits', 'webhooks', 'team', 'settings'];
const OPERATOR_PAGES = [
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
].map((section) => `operator/${section}`);

export interface PageTime {
  readonly path: string;
  /** From navigation to the last of the page's loaders gone. The best of a few, as on a warm machine. */
  readonly interactiveMs: number;
}

const RUNS = 3;

export async function measurePages(
  url: string,
  people: { readonly customer: string; readonly operator: string; readonly password: string },
): Promise<PageTime[]> {
  const browser = await openBrowser();
  if (!browser) return [];
  try {
    const times: PageTime[] = [];
    for (const [email, paths] of [
      [people.customer, CUSTOMER_PAGES],
      [people.operator, OPERATOR_PAGES],
    ] as const) {
      const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US' })).newPage();
      await page.goto(url);
      await page.fill('input[name=email]', email);
      await page.fill('input[name=password]', people.password);
      await page.click('button[type=submit]');
      await page.locator('h1').waitFor();
      for (const path of paths) times.push({ path, interactiveMs: await timeOf(page, `${url}/${path}`) });
    }
    return times;
  } finally {
    await browser.close();
  }
}

async function timeOf(page: Page, address: string): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const startedAt = performance.now();
    await page.goto(address);
    await page.locator('main h1').waitFor();
    await page.waitForFunction(`!document.querySelector('main [role=status][aria-label=Loading]')`);
    times.push(performance.now() - startedAt);
  }
  return Math.min(...times);
}
