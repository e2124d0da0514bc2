import { Tabs } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { ByokTab } from '../components/byok-tab.js';
import { KeysTab } from '../components/keys-tab.js';
import { Page } from '../components/page.js';
import { useLocale } from '../messages/locale.js';

export default function KeysPage() {
  const { t } = useLocale();
  const [parameters, setParameters] = useSearchParams();
  return (
    <Page title={t('nav.keys')} hint={t('keys.hint')}>
      <Tabs
        value={parameters.get('tab') ?? 'keys'}
        onChange={(tab) => setParameters({ tab: tab ?? 'keys' }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="keys">{t('nav.keys')}</Tabs.Tab>
          <Tabs.Tab value="byok">BYOK</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="keys">
          <KeysTab />
        </Tabs.Panel>
        <Tabs.Panel value="byok">
          <ByokTab />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
