import { createTheme, MantineThemeProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { useMemo } from 'react';
import { useLocale } from './messages/locale.js';

/** Where short notices appear; their close button says so in the person's language. */
export function Notices() {
  const { t } = useLocale();
  const close = t('action.close');
  const theme = useMemo(
    () => createTheme({ components: { Notification: { defaultProps: { closeButtonProps: { 'aria-label': close } } } } }),
    [close],
  );
  return (
    <MantineThemeProvider theme={theme}>
      <Notifications position="top-right" />
    </MantineThemeProvider>
  );
}
