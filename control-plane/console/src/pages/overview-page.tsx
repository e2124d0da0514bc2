import { Title } from '@mantine/core';
import { useLocale } from '../messages/locale.js';

export default function OverviewPage() {
  const { t } = useLocale();
  return <Title order={1}>{t('nav.overview')}</Title>;
}
