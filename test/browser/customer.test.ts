/**
 * A customer's way through the console in a real browser against a real stack: from registration to a first request, money by card and
 * by USDT on a chain of this machine, models, playground, a batch and a webhook; then axe and screenshots of every page.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Download, Page } from 'playwright-core';
import { HDKey } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalChain, startLocalChain } from '../control-plane/payment/local-chain.js';
import { openBrowser } from '../support/browser.js';
import { startStack, type TestStack } from '../support/stack.js';
import { type ConsolePage, openConsole } from './console-page.js';

const PAGES = ['', 'start', 'keys', 'models', 'playground', 'requests', 'batches', 'credits', 'webhooks', 'team', 'settings'];
const XPUB = HDKey.fromMasterSeed(Buffer.alloc(32, 9)).derive("m/44'/60'/0'").publicExtendedKey;

const browser: Browser | undefined = await openBrowser();

describe.skipIf(browser === undefined)('a customer in the console', { timeout: 120_000 }, () => {
  let stack: TestStack;
  let chain: LocalChain;
  let token: `0x${string}`;
  let console: ConsolePage;
  let page: Page;
  let receiver: { readonly server: Server; readonly url: string; readonly received: string[] };

  beforeAll(async () => {
    if (!browser) return;
    receiver = await startReceiver();
    chain = await startLocalChain();
    token = await chain.deployToken();
    await chain.mine(5);
    stack = await startStack({
      nodes: ['us', 'sg'],
      fakeStripe: true,
      extra: ({ sandboxUrl }) => ({
        controlPlane: {
          USDT_ETHEREUM_RPC_URL: chain.rpcUrl,
          USDT_ETHEREUM_CONTRACT: token,
          USDT_ETHEREUM_XPUB: XPUB,
          EGRESS_ALLOWED_ORIGINS: `${sandboxUrl},${receiver.url}`,
        },
      }),
    });
    console = await openConsole(browser, stack.control.url);
    page = console.page;
  }, 300_000);
  afterAll(async () => {
    receiver?.server.close();
    await browser?.close();
  });

  test('registers, makes a key, pastes the call with key and host filled in, and sees it arrive', async () => {
    await console.goto('register');
    await page.fill('input[name=name]', 'Ada');
    await page.fill('input[name=email]', `ada-${Date.now()}@test.example`);
    await page.fill('input[name=password]', 'correct horse battery');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByText('Waiting for your first request').waitFor();
    await page.getByText('The wallet is empty').waitFor();
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Copy it now').waitFor();
    const snippet = (await page.getByRole('region', { name: 'curl' }).textContent()) ?? '';
    const [, url = '', key = ''] = /^curl (\S+) [\s\S]*Bearer (sk-ama-[0-9A-Za-z-]+)/.exec(snippet) ?? [];
    expect(url).toBe(`${stack.gateway}/v1/chat/completions`);
    expect(await complete(url, key)).toBe(200);
    await page.getByText('It arrived').waitFor({ timeout: 30_000 });
    expect(console.complaints).toEqual([]);
  });

  test('tops up by card on the page of the payment provider, and takes receipt and statement home', async () => {
    await console.goto('credits');
    await page.getByLabel('Amount').fill('25');
    await page.getByRole('button', { name: 'Pay', exact: true }).click();
    await page.getByRole('heading', { name: 'Test checkout' }).waitFor();
    await page.getByRole('button', { name: 'Pay', exact: true }).click();
    await page.getByRole('heading', { name: 'Credits' }).waitFor();
    await page.getByText('$25.00').first().waitFor({ timeout: 20_000 });
    const payment = page.getByRole('region', { name: 'Payments and receipts' }).getByRole('row', { name: /card/ });
    await payment.getByText('paid', { exact: true }).waitFor({ timeout: 20_000 });
    const receipt = await downloaded(payment.getByRole('button', { name: 'PDF' }).click());
    expect(receipt.name).toMatch(/^receipt-.*\.pdf$/);
    expect(receipt.text).toMatch(/^%PDF/);
    const statement = await downloaded(page.getByRole('button', { name: 'CSV' }).click());
    expect(statement.text).toContain('top_up');
  });

  test('is told when the balance falls low', async () => {
    await page.getByLabel('Below (USD)').fill('7.50');
    await page.getByRole('button', { name: 'Save' }).first().click();
    await page.getByText('when the balance falls below $7.50').waitFor();
  });

  test('saves a card on the page of the payment provider, and has it charged when the balance falls low', async () => {
    await console.goto('credits');
    await page.getByRole('button', { name: 'Save a card' }).click();
    await page.getByRole('heading', { name: 'Test' }).waitFor();
    await page.getByRole('button').first().click();
    await page.getByText(/^Card: \w+ ending in \d{4}/).waitFor({ timeout: 20_000 });
    await page.getByLabel('When below (USD)').fill('10');
    await page.getByLabel('Charge (USD)').fill('15');
    await page.getByLabel('At most a month (USD)').fill('30');
    await page.getByRole('switch', { name: 'Top up automatically' }).check({ force: true });
    await page.getByRole('button', { name: 'Save automatic top-up' }).click();
    await page.getByText('$0.00 charged this month').waitFor();
    await page.getByText('Saved.').first().waitFor();
    expect(await console.audit()).toEqual([]);
  });

  test('tops up in USDT: an address and its QR code, and the balance once the chain calls it final', async () => {
    await console.goto('credits');
    await page.getByLabel('Amount').fill('12.50');
    await page.getByRole('combobox', { name: 'Method' }).click();
    await page.getByRole('option', { name: 'USDT (Ethereum)' }).click();
    await page.getByRole('button', { name: 'Pay', exact: true }).click();
    const address = (await page.locator('code').filter({ hasText: /^0x/ }).first().textContent()) ?? '';
    expect(address).toMatch(/^0x[0-9a-fA-F]{40}$/);
    await page.locator('svg[role=img]').filter({ hasText: address }).waitFor();
    await console.photograph('credits-usdt');
    await chain.transfer(token, address, 12_500_000n);
    await chain.mine(5);
    await page.getByText('$37.50').first().waitFor({ timeout: 60_000 });
  });

  test('finds models by capability, price and region, and compares them', async () => {
    await console.goto('models');
    await page.getByLabel('Search').fill('claude');
    await page.getByRole('combobox', { name: 'Capabilities' }).click();
    await page.getByRole('option', { name: 'Images' }).click();
    await page.keyboard.press('Escape');
    const boxes = page.getByRole('checkbox');
    await boxes.nth(0).check();
    await boxes.nth(1).check();
    const compared = page.getByRole('region', { name: 'Compare' });
    expect(await compared.getByRole('columnheader').count()).toBe(3);
    await compared.getByRole('row', { name: /^Input, USD\/M \$/ }).waitFor();
    await console.photograph('models-compare');
    await page.getByLabel('Search').fill('no such model');
    await page.getByText(/^0 of \d+ models$/).waitFor();
    await page.getByRole('heading', { name: 'Groups and auto' }).waitFor();
  });

  test('streams in the playground with a key of one click, and sees model, route, tokens, time and cost', async () => {
    await console.goto('playground?model=ama%2Fsmart-code');
    await page.getByRole('button', { name: /^Make one for 1 h/ }).click();
    await page.getByRole('textbox', { name: 'Message' }).fill('Write a haiku about a gateway.');
    await page.getByRole('button', { name: 'Explain the route' }).click();
    await page.getByRole('heading', { name: 'Where this request would go' }).waitFor();
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText(/^Model served: \S/).waitFor({ timeout: 30_000 });
    await page.getByText(/^Tokens: \d+ → \d+$/).waitFor();
    await page.getByText(/^First token: [\d.]+ m?s$/).waitFor();
    await page.getByText(/^Cost: \$0\.\d+$/).waitFor();
    await page.getByText(/^Why this route: \S/).waitFor();
    await console.photograph('playground-answer');
    const stored = await page.evaluate<string>('JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage })');
    expect(stored).not.toContain('sk-ama');
    expect(console.complaints).toEqual([]);
  });

  test('submits a batch, watches it to its end, and reads its results', async () => {
    await console.goto('batches');
    await page.getByRole('button', { name: /^Make one for 26 h/ }).click();
    await page.getByRole('button', { name: 'Submit batch' }).click();
    await page.getByText(/^Submitted: batch_/).waitFor();
    const row = page.getByRole('row', { name: /completed/ });
    await row.getByText('3 of 3').waitFor({ timeout: 60_000 });
    await row.getByRole('link').click();
    await page.getByRole('heading', { name: 'Results' }).waitFor();
    await page.getByRole('cell', { name: 'doc_3' }).waitFor();
    await console.photograph('batch');
    const results = await downloaded(page.getByRole('button', { name: 'Download results (JSON)' }).click());
    expect(JSON.parse(results.text)).toHaveLength(3);
    expect(console.complaints).toEqual([]);
  });

  test('adds a webhook, sees its secret once, sends a test, and sends it again', async () => {
    await console.goto('webhooks');
    await page.fill('input[name=url]', `${receiver.url}/hook`);
    await page.getByRole('button', { name: 'Add endpoint' }).click();
    await page
      .getByRole('dialog')
      .getByText(/^whsec_/)
      .waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Send test' }).click();
    const delivery = page.getByRole('row', { name: /webhook\.test/ });
    await delivery.getByText('delivered', { exact: true }).waitFor({ timeout: 30_000 });
    await delivery.getByRole('button', { name: 'Resend' }).click();
    await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
    await delivery.getByRole('button', { name: 'Open' }).click();
    await page
      .getByRole('dialog')
      .getByText(/This is a test/)
      .waitFor();
    await page.keyboard.press('Escape');
    expect(new Set(receiver.received).size).toBe(1);
  });

  test('filters the requests and opens one with its whole story', async () => {
    await console.goto('requests');
    await page.getByRole('row', { name: /batch/ }).first().waitFor();
    await page.getByRole('switch', { name: 'Failed ones only' }).check({ force: true });
    await page.getByText('Nothing here yet').waitFor();
    await page.getByRole('switch', { name: 'Failed ones only' }).uncheck({ force: true });
    await page.locator('a[href^="/requests/"]').first().click();
    await page.getByRole('heading', { name: 'How the charge comes about' }).waitFor();
    await console.photograph('request');
  });

  test.each(PAGES)('page /%s has no serious finding of axe and keeps its policy', async (path) => {
    await console.goto(path);
    await page.waitForTimeout(700);
    expect(await console.audit()).toEqual([]);
    expect(console.complaints).toEqual([]);
    await console.photograph(path || 'overview');
  });

  test('speaks Chinese on every page', async () => {
    await console.goto('');
    await page.getByRole('button', { name: '中文' }).click();
    for (const path of PAGES) {
      await console.goto(path);
      await page.waitForTimeout(300);
      expect(await page.locator('h1').textContent(), path).toMatch(/[\u4e00-\u9fff]|Webhook/);
      await page.screenshot({ path: `.data/screenshots/${path || 'overview'}-zh.png`, fullPage: true });
    }
    await page.getByRole('button', { name: 'English' }).click();
    expect(console.complaints).toEqual([]);
  });

  async function complete(url: string, key: string): Promise<number> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'auto', messages: [{ role: 'user', content: 'Hello!' }] }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  async function downloaded(click: Promise<void>): Promise<{ name: string; text: string }> {
    const [download] = await Promise.all([page.waitForEvent('download'), click]);
    return { name: download.suggestedFilename(), text: await textOf(download) };
  }
});

async function textOf(download: Download): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of await download.createReadStream()) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts).toString('latin1');
}

/** Takes every webhook and keeps its id. */
async function startReceiver(): Promise<{ server: Server; url: string; received: string[] }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    received.push(String(request.headers['webhook-id']));
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}
