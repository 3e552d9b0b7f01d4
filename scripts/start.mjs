// Builds what changed, serves it, and says where. Everything else is the app's own.
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../apps/web', import.meta.url));
const fromRoot = createRequire(import.meta.url);
const fromWeb = createRequire(new URL('../apps/web/package.json', import.meta.url));

function fail(line) {
  console.error(`taskward cannot start. ${line}`);
  process.exit(1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node.js ${process.versions.node} is too old: use 20.19 or later.`);

const port = process.env.PORT || '3000';
if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) fail(`PORT is ${port}: a number up to 65535 is needed.`);
await new Promise((resolve) => {
  const probe = createServer();
  probe.once('error', (error) => {
    const why = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${error.code})`;
    fail(`Port ${port} ${why}: stop what uses it, or choose another: PORT=3001 pnpm start`);
  });
  probe.listen(Number(port), () => probe.close(resolve));
});

process.env.NEXT_TELEMETRY_DISABLED ??= '1';
process.env.TURBO_TELEMETRY_DISABLED ??= '1';
const build = spawnSync(
  process.execPath,
  [fromRoot.resolve('turbo/bin/turbo'), 'run', 'build', '--output-logs=new-only'],
  {
    stdio: 'inherit',
  },
);
if (build.status !== 0) process.exit(build.status ?? 1);

const server = spawn(process.execPath, [fromWeb.resolve('next/dist/bin/next'), 'start', '--port', port], {
  cwd: web,
  env: { ...process.env, PORT: port },
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal));
// The shell that pnpm puts in between dies of a signal without passing it on.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && server.kill('SIGTERM'), 500).unref();
server.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));

const origin = `http://localhost:${port}`;
while (
  !(await fetch(`${origin}/api/health/ready`).then(
    (response) => response.ok,
    () => false,
  ))
) {
  await new Promise((resolve) => setTimeout(resolve, 200));
}
console.log(`
  Taskward serves on ${origin}

    Use it:    open it in a browser
    The API:   ${origin}/docs, and a walk with curl in README.md
    Stop it:   Ctrl+C
`);
