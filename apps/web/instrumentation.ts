/** Runs once when the server starts, before its first request; not during a build. */
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return;
  const { boot } = await import('./server/app');
  await boot(import.meta.glob('./app/api/**/route.ts', { eager: true }));
}
