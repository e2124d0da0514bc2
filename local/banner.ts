/** What `npm start` prints when everything answers: short, and every line of it works when pasted. */
import type { LocalRecord } from './installation.js';

/** A model of the catalogue that every installation has. */
const DEMO_MODEL = 'auto';

/** `notes`: lines such as `port 8080 is busy: the gateway is on 8082`. */
export function renderBanner(record: LocalRecord, notes: readonly string[], seconds: number): string {
  const hosts = Object.values(record.hosts).map((host) => `${host}/v1`);
  return `
ModelAPI is ready (${seconds.toFixed(1)} s).${notes.map((line) => `\n  ${line}`).join('')}

  Gateway     ${record.gateway}/v1
  Regions     ${hosts.join('\n              ')}
  API key     ${record.apiKey}
  Test key    ${record.testKey}   (free, sandbox only)
  Console     ${record.console}
  GraphQL     ${record.graphql}
  Operator    ${record.operator.email}   ${record.operator.password}

curl ${record.gateway}/v1/chat/completions -H "Authorization: Bearer ${record.apiKey}" -H "Content-Type: application/json" -d '{"model": "${DEMO_MODEL}", "messages": [{"role": "user", "content": "Hello"}]}'

${renderSnippet(record)}
Ctrl-C stops everything. Logs: .data/logs. All of the above: .data/local.json
`;
}

/** Pasted into a file, or into \`node --input-type=module\`, of this project's folder. */
function renderSnippet(record: LocalRecord): string {
  return `import OpenAI from 'openai';
const client = new OpenAI({ baseURL: '${record.gateway}/v1', apiKey: '${record.apiKey}' });
const answer = await client.chat.completions.create({ model: '${DEMO_MODEL}', messages: [{ role: 'user', content: 'Hello' }] });
console.log(answer.choices[0].message.content);
`;
}
