/** `/docs`: the routes as one readable page. No script and no asset from elsewhere, so it renders where nothing else can be reached. */
import type { TSchema } from 'typebox';
import { ERRORS } from '../../shared/errors.js';
import type { RouteDescription } from '../route-description.js';

const STYLE = `body{font:16px/1.55 system-ui,sans-serif;max-width:54rem;margin:2.5rem auto;padding:0 1.25rem;color:#1b1f24;background:#fff}
h1{font-size:1.7rem}h2{margin-top:2.5rem;border-bottom:1px solid #d8dee4;padding-bottom:.3rem}h3{margin:1.8rem 0 .3rem;font-size:1.05rem}
code,pre{font:13.5px/1.5 ui-monospace,monospace}pre{background:#f6f8fa;padding:1rem;border-radius:8px;overflow-x:auto}
.method{display:inline-block;min-width:4.2em;font-weight:700}.auth{color:#57606a;font-size:.85rem}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #eaeef2;vertical-align:top}
@media (prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}pre{background:#161b22}h2,td,th{border-color:#30363d}.auth{color:#8d96a0}}`;

const SECURITY = { apiKey: 'API key', session: 'session (JWT)', none: 'no authentication' } as const;

export function docsPage(routes: readonly RouteDescription[], serverUrl: string): string {
  const tags = [...new Set(routes.map((route) => route.tag))];
  const quickStart = `curl ${serverUrl}/v1/chat/completions \\
  -H "Authorization: Bearer sk-ama-YOUR_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "auto", "messages": [{"role": "user", "content": "Hello!"}]}'`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>ModelAPI reference</title><style>${STYLE}</style></head><body>
<h1>ModelAPI reference</h1>
<p>OpenAI-compatible: point any OpenAI SDK at <code>${escapeHtml(serverUrl)}/v1</code>. The machine-readable form is <a href="/openapi.json">/openapi.json</a>.</p>
<pre>${escapeHtml(quickStart)}</pre>
${tags.map((tag) => section(tag, routes)).join('\n')}
<h2>Errors</h2><p>Every error is <code>{"error": {"message", "type", "param", "code"}}</code>; every answer carries <code>x-request-id</code>.</p>
${table(
  ['Status', 'Code', 'Type'],
  Object.entries(ERRORS).map(([code, { status, type }]) => [String(status), code, type]),
)}
</body></html>`;
}

function section(tag: string, routes: readonly RouteDescription[]): string {
  return `<h2>${tag}</h2>${routes
    .filter((route) => route.tag === tag)
    .map(routeHtml)
    .join('')}`;
}

function routeHtml(route: RouteDescription): string {
  const members = route.body ? bodyMembers(route.body) : [];
  const parameters = Object.entries(route.query ?? {}).map(([name, parameter]) => [name, parameter.description]);
  const answers = Object.entries(route.answers).map(([status, answer]) => [status, answer.description]);
  return `<h3 id="${route.method}-${escapeHtml(route.path)}"><code><span class="method">${route.method}</span>${escapeHtml(route.path)}</code></h3>
<p>${prose(route.summary)}. ${prose(route.description ?? '')} <span class="auth">${SECURITY[route.security]}</span></p>
${parameters.length === 0 ? '' : table(['Query', 'Meaning'], parameters)}${members.length === 0 ? '' : table(['Body', 'Type'], members)}${table(['Status', 'Answer'], answers)}`;
}

function bodyMembers(schema: TSchema): string[][] {
  const properties = 'properties' in schema && typeof schema.properties === 'object' ? schema.properties : {};
  const required = 'required' in schema && Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties ?? {}).map(([name, member]) => [
    required.includes(name) ? `${name} (required)` : name,
    typeName(member),
  ]);
}

function typeName(schema: unknown): string {
  if (typeof schema !== 'object' || schema === null) return '';
  if ('const' in schema) return JSON.stringify(schema.const);
  if ('anyOf' in schema && Array.isArray(schema.anyOf))
    return [...new Set(schema.anyOf.map(typeName))].filter((name) => name !== 'null').join(' | ');
  if ('type' in schema && schema.type === 'array' && 'items' in schema) return `array of ${typeName(schema.items)}`;
  return 'type' in schema && typeof schema.type === 'string' ? schema.type : 'any';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string) => row.map((cell) => `<${tag}>${prose(cell)}</${tag}>`).join('');
  return `<table><tr>${cells(head, 'th')}</tr>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</table>`;
}

/** Escaped; what stands between backticks is code. */
function prose(text: string): string {
  return escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
