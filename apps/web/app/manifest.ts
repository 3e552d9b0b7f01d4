import type { MetadataRoute } from 'next';

/** Makes the app installable; it opens with the tasks. */
export default function manifest(): MetadataRoute.Manifest {
  return {
    id: '/tasks',
    name: 'Taskward',
    short_name: 'Taskward',
    description: 'A calm, quick to-do list that works offline. Your tasks are yours alone.',
    lang: 'en',
    start_url: '/tasks',
    scope: '/',
    display: 'standalone',
    background_color: '#f7f7f5',
    theme_color: '#0f766e',
    categories: ['productivity'],
    icons: [
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
      { src: '/icons/192.png', sizes: '192x192', type: 'image/png' },
      { src: '/icons/512.png', sizes: '512x512', type: 'image/png' },
      { src: '/icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    ],
  };
}
