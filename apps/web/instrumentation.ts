/** Runs once when the server starts, before its first request; never during a build. */
export async function register() {
  if (process.env.NEXT_RUNTIME === 'nodejs') {
    const { boot } = await import('./server/app');
    await boot();
  }
}
