import { Button, Code, CopyButton, Tabs } from '@mantine/core';
import { useLocale } from '../messages/locale.js';
import type { Snippet } from '../snippets.js';

/** The same call in several languages, each to be copied. */
export function SnippetTabs({ snippets }: { readonly snippets: readonly Snippet[] }) {
  const { t } = useLocale();
  return (
    <Tabs defaultValue={snippets[0]?.name ?? ''} keepMounted={false}>
      <Tabs.List>
        {snippets.map(({ name }) => (
          <Tabs.Tab key={name} value={name}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {snippets.map(({ name, text }) => (
        <Tabs.Panel key={name} value={name} pt="xs">
          <Code block tabIndex={0} role="region" aria-label={name}>
            {text}
          </Code>
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
  );
}
