import { FirstSteps } from '../components/first-steps.js';
import { Page } from '../components/page.js';
import { useLocale } from '../messages/locale.js';

export default function StartPage() {
  const { t } = useLocale();
  return (
    <Page title={t('nav.start')} hint={t('first.hint')}>
      <FirstSteps />
    </Page>
  );
}
