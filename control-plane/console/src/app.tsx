import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { Loading } from './components/states.js';
import { Shell } from './layout/shell.js';
import { useSignedIn } from './session/session-context.js';

const LoginPage = lazy(() => import('./pages/login-page.js'));
const RegisterPage = lazy(() => import('./pages/register-page.js'));
const OverviewPage = lazy(() => import('./pages/overview-page.js'));
const KeysPage = lazy(() => import('./pages/keys-page.js'));
const StartPage = lazy(() => import('./pages/start-page.js'));
const ModelsPage = lazy(() => import('./pages/models-page.js'));
const PlaygroundPage = lazy(() => import('./pages/playground-page.js'));
const BatchesPage = lazy(() => import('./pages/batches-page.js'));
const BatchPage = lazy(() => import('./pages/batch-page.js'));
const WebhooksPage = lazy(() => import('./pages/webhooks-page.js'));
const RequestsPage = lazy(() => import('./pages/requests-page.js'));
const RequestPage = lazy(() => import('./pages/request-page.js'));
const CreditsPage = lazy(() => import('./pages/credits-page.js'));
const TeamPage = lazy(() => import('./pages/team-page.js'));
const SettingsPage = lazy(() => import('./pages/settings-page.js'));
const OperatorPage = lazy(() => import('./pages/operator-page.js'));

export function App() {
  const signedIn = useSignedIn();
  return (
    <Suspense fallback={<Loading />}>
      {signedIn ? (
        <Shell>
          <Suspense fallback={<Loading />}>
            <Routes>
              <Route path="/" element={<OverviewPage />} />
              <Route path="/keys" element={<KeysPage />} />
              <Route path="/start" element={<StartPage />} />
              <Route path="/models" element={<ModelsPage />} />
              <Route path="/playground" element={<PlaygroundPage />} />
              <Route path="/batches" element={<BatchesPage />} />
              <Route path="/batches/:id" element={<BatchPage />} />
              <Route path="/webhooks" element={<WebhooksPage />} />
              <Route path="/requests" element={<RequestsPage />} />
              <Route path="/requests/:id" element={<RequestPage />} />
              <Route path="/credits" element={<CreditsPage />} />
              <Route path="/team" element={<TeamPage />} />
              <Route path="/settings" element={<SettingsPage />} />
              <Route path="/operator/:section?/:id?" element={<OperatorPage />} />
              <Route path="*" element={<Navigate to="/" replace />} />
            </Routes>
          </Suspense>
        </Shell>
      ) : (
        <Routes>
          <Route path="/register" element={<RegisterPage />} />
          <Route path="*" element={<LoginPage />} />
        </Routes>
      )}
    </Suspense>
  );
}
