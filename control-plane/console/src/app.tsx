import { lazy, Suspense } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { Loading } from './components/states.js';
import { Shell } from './layout/shell.js';
import { useSignedIn } from './session/session-context.js';

const LoginPage = lazy(() => import('./pages/login-page.js'));
const RegisterPage = lazy(() => import('./pages/register-page.js'));
const OverviewPage = lazy(() => import('./pages/overview-page.js'));

export function App() {
  const signedIn = useSignedIn();
  return (
    <Suspense fallback={<Loading />}>
      {signedIn ? (
        <Shell>
          <Suspense fallback={<Loading />}>
            <Routes>
              <Route path="/" element={<OverviewPage />} />
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
