import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { Loading } from './components/states.js';
import { Shell } from './layout/shell.js';
import { useSignedIn } from './session/session-context.js';

const LoginPage = lazy(() => import('./pages/login-page.js'));
const RegisterPage = lazy(() => import('./pages/register-page.js'));
const OverviewPage = lazy(() => import('./pages/overview-page.js'));
const KeysPage = lazy(() => import('./pages/keys-page.js'));
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
              <Route path="/requests" element={<RequestsPage />} />
              <Route path="/requests/:id" element={<RequestPage />} />
              <Route path="/credits" element={<CreditsPage />} />
              <Route path="/team" element={<TeamPage />} />
              <Route path="/settings" element={<SettingsPage />} />
              <Route path="/operator" element={<OperatorPage />} />
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
