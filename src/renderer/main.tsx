/** Entry of the window. */
import './schemas.ts';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './styles.css';
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { startCache } from './store/cache.ts';
import { startJobs } from './store/jobs.ts';
import { startNotifications } from './store/notify.ts';
import { theme, variables } from './theme.ts';

const colorScheme = localStorageColorSchemeManager({ key: 'meander-color-scheme' });
startCache();
startJobs();
startNotifications();
createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      colorSchemeManager={colorScheme}
    >
      <Notifications position="bottom-right" />
      <App />
    </MantineProvider>
  </StrictMode>,
);
