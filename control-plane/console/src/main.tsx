import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { Provider as GraphqlProvider } from 'urql';
import { App } from './app.js';
import { graphqlClient } from './graphql-client.js';
import { LocaleProvider } from './messages/locale.js';
import { Notices } from './notices.js';
import { SessionProvider } from './session/session-context.js';
import { cssVariables, theme } from './theme.js';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <LocaleProvider>
        <Notices />
        <GraphqlProvider value={graphqlClient}>
          <SessionProvider>
            <BrowserRouter>
              <App />
            </BrowserRouter>
          </SessionProvider>
        </GraphqlProvider>
      </LocaleProvider>
    </MantineProvider>
  </StrictMode>,
);
