import type { Metadata, Viewport } from 'next';
import { connection } from 'next/server';
import type { ReactNode } from 'react';
import './globals.css';
import { THEME_COLORS } from './theme';
import { readThemeCookie } from './theme-cookie';

export const metadata: Metadata = {
  title: { default: 'Taskward', template: '%s · Taskward' },
  applicationName: 'Taskward',
  appleWebApp: { title: 'Taskward' },
  icons: {
    icon: { url: '/icon.svg', type: 'image/svg+xml', sizes: 'any' },
    apple: { url: '/icons/apple-touch-icon.png', sizes: '180x180' },
  },
  description: 'A calm, quick to-do list that works offline. Your tasks are yours alone.',
};

export async function generateViewport(): Promise<Viewport> {
  const theme = await readThemeCookie();
  const themeColor = (['light', 'dark'] as const).map((own) => ({
    media: `(prefers-color-scheme: ${own})`,
    color: THEME_COLORS[theme === 'system' ? own : theme],
  }));
  return { colorScheme: theme === 'system' ? 'light dark' : theme, themeColor };
}

export default async function Layout({ children }: { children: ReactNode }) {
  // Every page is rendered for its request, because its scripts have a new nonce each time.
  await connection();
  const theme = await readThemeCookie();
  return (
    <html lang="en" data-theme={theme === 'system' ? undefined : theme}>
      <body className="flex min-h-dvh flex-col">{children}</body>
    </html>
  );
}
