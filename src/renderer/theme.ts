/** Colours, type and component defaults of the window. */
import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** The accent: the blue-green of deep, slow water. */
const river: MantineColorsTuple = [
  '#e8f7fa',
  '#d3ecf1',
  '#a7d8e2',
  '#77c3d3',
  '#4fb1c5',
  '#33a5bd',
  '#1b96b0',
  '#0c7f97',
  '#0b6b80',
  '#07505f',
];

/** Greys with a trace of blue: large dark surfaces stay calm. */
const dark: MantineColorsTuple = [
  '#d3d7dd',
  '#b4bac3',
  '#969da8',
  '#6b7380',
  '#3a404a',
  '#2d323b',
  '#22262e',
  '#191c22',
  '#13161b',
  '#0e1014',
];

export const theme = createTheme({
  primaryColor: 'river',
  primaryShade: 7,
  colors: { river, dark },
  autoContrast: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily:
    'Inter, "Segoe UI", -apple-system, "Noto Sans", Ubuntu, Cantarell, "Liberation Sans", system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", "DejaVu Sans Mono", monospace',
  headings: {
    fontWeight: '620',
    sizes: {
      h1: { fontSize: '1.5rem', lineHeight: '1.25' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.35' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  components: {
    Paper: { defaultProps: { withBorder: true, radius: 'lg', p: 'lg' } },
    Button: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true, multiline: true, maw: 420 } },
    Modal: {
      defaultProps: { centered: true, radius: 'lg', overlayProps: { backgroundOpacity: 0.35, blur: 1 } },
      styles: { title: { fontWeight: 620 } },
    },
    Menu: { defaultProps: { shadow: 'md', withinPortal: true } },
    Badge: { defaultProps: { variant: 'light', radius: 'sm' } },
    Progress: { defaultProps: { radius: 'xl', size: 'md' } },
  },
});

/**
 * Where Mantine's own colours are too faint to be read: quiet text, what went wrong, and the words of light badges have
 * at least 4.5 : 1 on every surface of the window.
 */
export const variables: CSSVariablesResolver = () => ({
  variables: { '--mantine-color-red-filled': '#d12d2d', '--mantine-color-red-filled-hover': '#b92626' },
  light: {
    '--mantine-color-dimmed': '#5b6470',
    '--mantine-color-placeholder': '#6b7480',
    '--mantine-color-error': '#c02626',
    '--mantine-color-red-text': '#c02626',
    '--mantine-color-teal-text': '#087052',
    '--mantine-color-orange-text': '#a63c06',
    '--mantine-color-teal-light-color': '#066649',
    '--mantine-color-red-light-color': '#a82020',
    '--mantine-color-orange-light-color': '#973706',
    '--mantine-color-yellow-light-color': '#744500',
  },
  dark: {
    '--mantine-color-dimmed': '#a3aab5',
    '--mantine-color-placeholder': '#8b93a0',
    '--mantine-color-error': '#ff8787',
  },
});
