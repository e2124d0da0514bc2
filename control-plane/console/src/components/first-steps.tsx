import { Anchor, Button, Card, Code, CopyButton, List, Tabs, Title } from '@mantine/core';
import { Link } from 'react-router';
import { useLocale } from '../messages/locale.js';

/** What a new customer does first: a key, two lines, a request. */
export function FirstSteps() {
  const { t } = useLocale();
  const base = 'https://api.aimodelapi.ai/v1';
  const snippets = {
    curl: `curl ${base}/chat/completions -H "Authorization: Bearer sk-ama-YOUR_KEY" \\\n  -H "Content-Type: application/json" \\\n  -d '{"model": "auto", "messages": [{"role": "user", "content": "Hello!"}]}'`,
    node: `import OpenAI from 'openai';\nconst client = new OpenAI({ apiKey: 'sk-ama-YOUR_KEY', baseURL: '${base}' });\nconst answer = await client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content: 'Hello!' }] });`,
    python: `from openai import OpenAI\nclient = OpenAI(api_key="sk-ama-YOUR_KEY", base_url="${base}")\nanswer = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hello!"}])`,
  };
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="sm">
        {t('first.title')}
      </Title>
      <List type="ordered" mb="md">
        <List.Item>
          <Anchor component={Link} to="/keys">
            {t('first.key')}
          </Anchor>
        </List.Item>
        <List.Item>{t('first.paste')}</List.Item>
        <List.Item>{t('first.watch')}</List.Item>
      </List>
      <Tabs defaultValue="curl">
        <Tabs.List>
          <Tabs.Tab value="curl">curl</Tabs.Tab>
          <Tabs.Tab value="node">Node</Tabs.Tab>
          <Tabs.Tab value="python">Python</Tabs.Tab>
        </Tabs.List>
        {Object.entries(snippets).map(([name, text]) => (
          <Tabs.Panel key={name} value={name} pt="xs">
            <Code block>{text}</Code>
            <CopyButton value={text}>
              {({ copied, copy }) => (
                <Button mt="xs" size="xs" variant="default" onClick={copy}>
                  {copied ? t('action.copied') : t('action.copy')}
                </Button>
              )}
            </CopyButton>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Card>
  );
}
