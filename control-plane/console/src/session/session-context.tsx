import { Center, Loader } from '@mantine/core';
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { currentToken, refresh, subscribe } from './session-store.js';

const SignedIn = createContext(false);

/** True while this browser has a session. */
export function useSignedIn(): boolean {
  return useContext(SignedIn);
}

/** Asks once whether the cookie still stands before anything is shown. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const token = useSyncExternalStore(subscribe, currentToken);
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    void refresh().finally(() => setAsked(true));
  }, []);
  if (!asked)
    return (
      <Center h="100vh">
        <Loader role="status" aria-label="Loading" />
      </Center>
    );
  return <SignedIn.Provider value={token !== null}>{children}</SignedIn.Provider>;
}
