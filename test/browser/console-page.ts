/**
 * The console in a browser, as its tests use it: signs in, keeps every complaint (a violation of the Content-Security-Policy, an error,
 * a dialog that a script opened), asks axe, and takes the screenshots of `.data/screenshots`: wide and narrow, light and dark.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';

const SCREENSHOTS = '.data/screenshots';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const VIEWS = [
  [1280, 'light'],
  [1280, 'dark'],
  [360, 'light'],
  [360, 'dark'],
] as const;

export interface ConsolePage {
  readonly page: Page;
  /** Empty while all is well. */
  readonly complaints: readonly string[];
  goto(path: string): Promise<void>;
  /** Serious and critical findings of axe on what is shown, light and dark. */
  audit(): Promise<string[]>;
  /** Throws when the page scrolls sideways. */
  photograph(name: string): Promise<void>;
}

export async function openConsole(browser: Browser, url: string, locale = 'en-US'): Promise<ConsolePage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, locale, acceptDownloads: true });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`a script ran: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return {
    page,
    complaints,
    goto: async (path) => {
      await page.goto(`${url}/${path}`);
      await page.locator('h1').waitFor();
    },
    audit: async () => {
      await page.evaluate(AXE);
      const findings: string[] = [];
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        // Colours fade from one scheme to the other.
        await page.waitForTimeout(300);
        findings.push(...(await page.evaluate(findSerious)).map((finding) => `${colorScheme}: ${finding}`));
      }
      return findings;
    },
    photograph: (name) => photograph(page, name),
  };
}

async function findSerious(): Promise<string[]> {
  const { axe } = globalThis as unknown as {
    axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
  };
  const { violations } = await axe.run();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 160)}`);
}

async function photograph(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.evaluate('scrollTo(0, 0)');
  try {
    for (const [width, scheme] of VIEWS) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme });
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${scheme}.png`, fullPage: true });
      const fits = await page.evaluate<boolean>('document.documentElement.scrollWidth <= window.innerWidth');
      if (!fits) throw new Error(`${name} scrolls sideways at ${width} px`);
    }
  } finally {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: 'light' });
  }
}
