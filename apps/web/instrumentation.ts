/** Runs once when the server starts, before its first request; never during a build. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { guardServer } = await import('./server/http/guard');
  guardServer({ ownsConnections: process.env.NODE_ENV === 'production' && process.env.VERCEL !== '1' });
  const { boot } = await import('./server/app');
  await boot();
}
