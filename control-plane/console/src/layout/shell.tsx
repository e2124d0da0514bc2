import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  ScrollArea,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconBox,
  IconBrandStackshare,
  IconCoin,
  IconKey,
  IconLayoutDashboard,
  IconList,
  IconLogout,
  IconMessage,
  IconMoon,
  IconRocket,
  IconSettings,
  IconStack2,
  IconSun,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { useQuery } from 'urql';
import { MeDocument } from '../generated/graphql.js';
import type { MessageKey } from '../messages/en.js';
import { useLocale } from '../messages/locale.js';
import { logOut } from '../session/session-store.js';
import { LiveBalance } from './live-balance.js';
import { OperatorNav } from './operator-nav.js';

const CUSTOMER_PAGES: readonly { readonly path: string; readonly label: MessageKey; readonly icon: typeof IconKey }[] = [
  { path: '/', label: 'nav.overview', icon: IconLayoutDashboard },
  { path: '/start', label: 'nav.start', icon: IconRocket },
  { path: '/keys', label: 'nav.keys', icon: IconKey },
  { path: '/models', label: 'nav.models', icon: IconBox },
  { path: '/playground', label: 'nav.playground', icon: IconMessage },
  { path: '/requests', label: 'nav.requests', icon: IconList },
  { path: '/batches', label: 'nav.batches', icon: IconStack2 },
  { path: '/credits', label: 'nav.credits', icon: IconCoin },
  { path: '/webhooks', label: 'nav.webhooks', icon: IconWebhook },
  { path: '/team', label: 'nav.team', icon: IconUsers },
  { path: '/settings', label: 'nav.settings', icon: IconSettings },
];

export function Shell({ children }: { readonly children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const { t, locale, setLocale } = useLocale();
  const { pathname } = useLocation();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const [{ data }] = useQuery({ query: MeDocument, variables: {} });
  const operator = data?.me.user.role === 'operator';
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 220, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding="md">
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('nav.menu')} />
            <IconBrandStackshare aria-hidden />
            <Text fw={700}>{t('app.name')}</Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveBalance />
            <Button variant="subtle" size="compact-sm" onClick={() => setLocale(locale === 'en' ? 'zh' : 'en')}>
              {t('language.switch')}
            </Button>
            <ActionIcon
              variant="default"
              size="lg"
              aria-label={t('theme.toggle')}
              onClick={() => setColorScheme(scheme === 'dark' ? 'light' : 'dark')}
            >
              {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
            </ActionIcon>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={t('nav.menu')}>
        <AppShell.Section grow component={ScrollArea}>
          {CUSTOMER_PAGES.map(({ path, label, icon: Icon }) => (
            <NavLink
              key={path}
              component={Link}
              to={path}
              label={t(label)}
              leftSection={<Icon size={18} aria-hidden />}
              active={path === '/' ? pathname === '/' : pathname.startsWith(path)}
              onClick={close}
            />
          ))}
          {operator ? <OperatorNav onNavigate={close} /> : null}
        </AppShell.Section>
        <AppShell.Section>
          <NavLink
            component="button"
            label={t('nav.signOut')}
            leftSection={<IconLogout size={18} aria-hidden />}
            // A page loaded anew remembers nothing of this session: no key, no answer.
            onClick={() => void logOut().finally(() => location.assign('/'))}
          />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content">{children}</AppShell.Main>
    </AppShell>
  );
}
