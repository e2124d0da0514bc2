import { Suspense } from 'react';
import { Navigate, useParams } from 'react-router';
import { Page } from '../components/page.js';
import { Loading } from '../components/states.js';
import { useLocale } from '../messages/locale.js';
import { OPERATOR_SECTIONS } from '../operator/sections.js';

/** Everything here is checked again by the control plane: a customer who opens the address sees refusals. */
export default function OperatorPage() {
  const { t } = useLocale();
  const { section: name } = useParams();
  const section = OPERATOR_SECTIONS.find((one) => one.name === name);
  if (!section) return <Navigate to={`/operator/${OPERATOR_SECTIONS[0]?.name}`} replace />;
  const { page: Section, label, hint } = section;
  return (
    <Page title={t(label)} hint={t(hint)}>
      <Suspense fallback={<Loading />}>
        <Section />
      </Suspense>
    </Page>
  );
}
