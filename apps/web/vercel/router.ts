import { type ChildProcess, fork, type StdioOptions } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { readFunction } from './build';

/** A deployment on this machine. */
export interface Served {
  /** Where it is reached, such as `http://127.0.0.1:4444`. */
  readonly address: string;
  /** The file of what its functions print. */
  readonly log: string;
  close(): Promise<void>;
}

/** A step of the router, as `config.json` has it. */
interface Route {
  readonly src: string;
  readonly dest?: string;
  readonly headers?: Record<string, string>;
  readonly status?: number;
  readonly has?: unknown;
  readonly middlewarePath?: string;
}

const launch = fileURLToPath(new URL('function.cjs', import.meta.url));
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];

/**
 * Serves the output of `buildForVercel` like Vercel's router, as far as the API and the first load of a page need
 * it: each function in a process of its own, which its first request starts.
 *
 * @param host the host name that clients use
 * @param environment the variables of the functions, which have no others
 * @see https://vercel.com/docs/build-output-api/configuration#routes
 */
export async function serve(output: string, host: string, environment: Record<string, string>): Promise<Served> {
  const phases = readPhases(join(output, 'config.json'));
  const children: ChildProcess[] = [];
  const ports = new Map<string, Promise<number>>();
  const log = join(dirname(output), `${randomUUID()}.log`);
  writeFileSync(log, '');

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error) => {
      appendFileSync(log, `${error.stack}\n`);
      response.destroy();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    log,
    async close() {
      server.close().closeAllConnections();
      for (const child of children) child.kill();
      await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    },
  };

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search } = new URL(incoming.url ?? '/', `https://${host}`);
    const address = incoming.socket.remoteAddress;
    // These override the headers of the client.
    const headers: IncomingHttpHeaders = {
      ...incoming.headers,
      host,
      'x-forwarded-for': address,
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
      'x-real-ip': address,
    };
    const added: IncomingHttpHeaders = {};
    for (const { headers: more, middlewarePath, status } of matching('start', pathname)) {
      Object.assign(added, more);
      if (status && more?.Location) return void response.writeHead(status, added).end();
      if (middlewarePath) await pass(middlewarePath, pathname + search, headers, added);
    }
    const file = join(output, 'static', pathname);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) {
      for (const { headers: more } of matching('hit', pathname)) Object.assign(added, more);
      return void response.writeHead(200, added).end(readFileSync(file));
    }
    const [path, query] = destination(pathname);
    headers['x-matched-path'] = path;
    const url = pathname + [search || '?', query].filter(Boolean).join('&');
    const sent = await invoke(path, incoming.method, url, headers, incoming);
    response.writeHead(sent.statusCode ?? 502, { ...added, ...withoutHops(sent.headers) });
    await pipeline(sent, response).catch((error) => {
      // The client has closed the connection, as one that has read enough of an event stream.
      if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    });
  }

  /** Runs the proxy of the pages, and applies its changes to the request and its headers for the response. */
  async function pass(path: string, url: string, headers: IncomingHttpHeaders, added: IncomingHttpHeaders) {
    const sent = await invoke(path, 'GET', url, headers);
    sent.resume();
    if (sent.headers['x-middleware-next'] !== '1') throw new Error('The proxy is expected to let all requests pass.');
    for (const [name, value] of Object.entries(withoutHops(sent.headers))) {
      const [, changed] = /^x-middleware-request-(.+)/.exec(name) ?? [];
      if (changed) headers[changed] = value;
      else if (!name.startsWith('x-middleware-')) added[name] = value;
    }
  }

  /** The path of the function for this request, and the parameters in the path. */
  function destination(pathname: string): [path: string, query?: string] {
    if (functionAt(pathname)) return [pathname];
    for (const { src, dest = '' } of matching('rewrite', pathname)) {
      const found = new RegExp(src).exec(pathname)?.groups ?? {};
      const value = (_: string, name: string) => found[name]?.replace(/[&+#]/g, encodeURIComponent) ?? '';
      const [path = '', query] = dest.replace(/\$(\w+)/g, value).split('?');
      if (functionAt(path)) return query === undefined ? [path] : [path, query];
    }
    return ['/_not-found'];
  }

  /** The steps of a phase that match; those that look for the headers of a page's own scripts are left out. */
  function matching(phase: string, pathname: string): Route[] {
    return (phases.get(phase) ?? []).filter(({ has, src }) => !has && new RegExp(`^${src}$`).test(pathname));
  }

  function functionAt(path: string): string | undefined {
    const folder = join(output, 'functions', `${path === '/' ? 'index' : path}.func`);
    return existsSync(folder) ? realpathSync(folder) : undefined;
  }

  async function invoke(
    path: string,
    method: string | undefined,
    url: string,
    headers: IncomingHttpHeaders,
    body?: IncomingMessage,
  ): Promise<IncomingMessage> {
    const folder = functionAt(path);
    if (!folder) throw new Error(`There is no function at ${path}.`);
    const running = ports.get(folder) ?? start(folder);
    ports.set(folder, running);
    const outgoing = request({ host: '127.0.0.1', port: await running, method, path: url, headers, setHost: false });
    if (body) body.pipe(outgoing);
    else outgoing.end();
    const [sent] = await once(outgoing, 'response');
    // A function that has responded may close the connection before the end of the body.
    outgoing.on('error', () => {});
    return sent;
  }

  async function start(folder: string): Promise<number> {
    const { handler, useWebApi } = readFunction(folder);
    const env = { ...environment, NODE_ENV: 'production' as const, TZ: 'UTC' };
    const printed = openSync(log, 'a');
    const stdio: StdioOptions = ['ignore', printed, printed, 'ipc'];
    const child = fork(launch, [join(folder, handler), String(useWebApi)], { env, stdio, execArgv: [] });
    closeSync(printed);
    children.push(child);
    const ended = once(child, 'exit').then(() => {
      throw new Error(`The function in ${folder} ended.`);
    });
    const [port] = await Promise.race([once(child, 'message'), ended]);
    return port;
  }
}

function readPhases(file: string): Map<string, Route[]> {
  const phases = new Map<string, Route[]>();
  let phase = 'start';
  for (const { handle, ...route } of JSON.parse(readFileSync(file, 'utf8')).routes) {
    if (handle) phase = handle;
    else phases.set(phase, [...(phases.get(phase) ?? []), route]);
  }
  return phases;
}

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}
