import { NavLink } from '@mantine/core';
import { IconUserShield } from '@tabler/icons-react';
import { Link, useLocation } from 'react-router';
import { useLocale } from '../messages/locale.js';
import { OPERATOR_SECTIONS } from '../operator/sections.js';

/** The operator's pages, below one entry that opens with them. */
export function OperatorNav({ onNavigate }: { readonly onNavigate: () => void }) {
  const { t } = useLocale();
  const { pathname } = useLocation();
  const inside = pathname.startsWith('/operator');
  return (
    <NavLink label={t('nav.operator')} leftSection={<IconUserShield size={18} aria-hidden />} defaultOpened={inside} childrenOffset={30}>
      {OPERATOR_SECTIONS.map(({ name, label }) => (
        <NavLink
          key={name}
          component={Link}
          to={`/operator/${name}`}
          label={t(label)}
          active={pathname === `/operator/${name}` || pathname.startsWith(`/operator/${name}/`)}
          {...(pathname === `/operator/${name}` ? { ref: showInMenu } : {})}
          onClick={onNavigate}
          py={4}
        />
      ))}
    </NavLink>
  );
}

/** The menu is longer than a small screen. */
function showInMenu(entry: HTMLAnchorElement | null): void {
  entry?.scrollIntoView({ block: 'nearest' });
}
