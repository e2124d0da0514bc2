import { type CSSVariablesResolver, createTheme } from '@mantine/core';

/** System fonts only: nothing is loaded from elsewhere. Shade 8 keeps text on buttons above 4.5:1 in both schemes. */
export const theme = createTheme({
  primaryColor: 'blue',
  primaryShade: 8,
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  headings: { fontWeight: '650' },
  components: {
    // Mantine's light badges and its dimmed text are below 4.5:1 on white.
    // So are the titles of its light alerts.
    Alert: { styles: { label: { color: 'var(--mantine-color-text)' } } },
    Badge: { defaultProps: { variant: 'default' }, styles: { root: { flexShrink: 0, minWidth: 'max-content' } } },
  },
});

/** Secondary text that passes 4.5:1 on the page and on cards, in both schemes. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5c636a', '--mantine-color-placeholder': '#6b7280' },
  dark: { '--mantine-color-dimmed': '#a6abb1', '--mantine-color-placeholder': '#9aa0a6' },
});
