export const sample = {
  title: 'Sample',
} as const;
