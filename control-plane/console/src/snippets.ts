/** Code that works when pasted: this installation's host, and the key where there is one. */
export const KEY_PLACEHOLDER = 'sk-ama-YOUR_KEY';

export interface Snippet {
  readonly name: string;
  readonly text: string;
}

export function chatSnippets(gateway: string, key: string, model = 'auto'): Snippet[] {
  const base = `${gateway}/v1`;
  return [
    {
      name: 'curl',
      text: `curl ${base}/chat/completions \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello!"}]}'`,
    },
    {
      name: 'Node',
      text: `// npm install openai
import OpenAI from 'openai';
const client = new OpenAI({
  apiKey: '${key}',
  baseURL: '${base}',
});
const answer = await client.chat.completions.create({
  model: '${model}',
  messages: [{ role: 'user', content: 'Hello!' }],
});
console.log(answer.choices[0].message.content);`,
    },
    {
      name: 'Python',
      text: `# pip install openai
from openai import OpenAI
client = OpenAI(
    api_key="${key}",
    base_url="${base}",
)
answer = client.chat.completions.create(
    model="${model}",
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)`,
    },
  ];
}

export function batchSnippets(gateway: string, key: string): Snippet[] {
  return [
    {
      name: 'curl',
      text: `curl ${gateway}/v1/batch \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{
  "tier": "batch_50",
  "requests": [
    {"custom_id": "doc_1", "model": "auto", "messages": [{"role": "user", "content": "Summarize: ..."}]}
  ]
}'`,
    },
    {
      name: 'Node',
      text: `const answer = await fetch('${gateway}/v1/batch', {
  method: 'POST',
  headers: { 'Authorization': 'Bearer ${key}', 'Content-Type': 'application/json' },
  body: JSON.stringify({
    tier: 'batch_50',
    requests: [
      { custom_id: 'doc_1', model: 'auto', messages: [{ role: 'user', content: 'Summarize: ...' }] },
    ],
  }),
});
const { poll_url } = await answer.json();
console.log(poll_url);`,
    },
    {
      name: 'Python',
      text: `import json, urllib.request
body = {"tier": "batch_50", "requests": [
    {"custom_id": "doc_1", "model": "auto", "messages": [{"role": "user", "content": "Summarize: ..."}]},
]}
call = urllib.request.Request("${gateway}/v1/batch", json.dumps(body).encode(), {
    "Authorization": "Bearer ${key}",
    "Content-Type": "application/json",
})
print(json.load(urllib.request.urlopen(call))["poll_url"])`,
    },
  ];
}
