import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';

const code = readFileSync(fileURLToPath(new URL('../../public/sw.js', import.meta.url)), 'utf8');
export const origin = 'http://localhost:3000';
export const CACHE = 'taskward-offline';

type Contents = Map<string, Response>;
type Handler = (event: object) => void;
type Target = string | { readonly url: string };

const pathOf = (target: Target) => new URL(typeof target === 'string' ? target : target.url, origin).pathname;

/** `public/sw.js`, with a network, caches and pages in memory. */
export class Worker {
  /** What the server responds with, by path; without an entry, there is no network. */
  server: Record<string, (() => Response | Promise<Response>) | undefined> = {};
  /** The paths of all requests that the worker has sent. */
  fetched: string[] = [];
  /** The caches by name, each with its contents by path. One exists, as on a page of a signed-in user. */
  readonly caches = new Map<string, Contents>([[CACHE, new Map()]]);
  /** What the worker has sent to the pages. */
  messages: { type: string; assets: string[] }[] = [];
  isRegistered = true;
  readonly #handlers: Record<string, Handler> = {};

  constructor() {
    const self = {
      addEventListener: (type: string, handler: Handler) => {
        this.#handlers[type] = handler;
      },
      location: { origin },
      clients: {
        matchAll: async () => [{ postMessage: (message: Worker['messages'][0]) => this.messages.push(message) }],
      },
      registration: {
        unregister: async () => {
          this.isRegistered = false;
        },
      },
    };
    runInNewContext(code, {
      ...{ self, caches: this.#cacheStorage(), fetch: this.#fetch, console: { info: () => {} }, crypto, btoa },
      ...{ Headers, Response, TextEncoder, URL, Uint8Array },
    });
  }

  /** Returns the response; undefined if the worker leaves the request to the browser. */
  request(path: string, init: object = {}): Promise<Response | undefined> {
    const url = new URL(path, origin).href;
    return this.#dispatch('fetch', { request: { method: 'GET', mode: 'no-cors', url, ...init } });
  }

  navigate(path: string): Promise<Response | undefined> {
    return this.request(path, { mode: 'navigate' });
  }

  /** Navigates, and returns the text of the page. */
  async open(path: string): Promise<string | undefined> {
    return (await this.navigate(path))?.text();
  }

  async say(type: string): Promise<void> {
    await this.#dispatch('message', { data: { type } });
  }

  /** The paths of all that is stored. */
  stored(): string[] {
    return [...(this.caches.get(CACHE)?.keys() ?? [])].sort();
  }

  /** Dispatches an event, and waits for all that it started. */
  async #dispatch(type: string, event: object): Promise<Response | undefined> {
    const waiting: unknown[] = [];
    let responding: Promise<Response> | undefined;
    this.#handlers[type]?.({
      ...event,
      waitUntil: (promise: unknown) => waiting.push(promise),
      respondWith: (promise: Promise<Response>) => {
        responding = promise;
      },
    });
    const response = await responding;
    await Promise.all(waiting);
    return response;
  }

  #fetch = async (target: Target): Promise<Response> => {
    const path = pathOf(target);
    this.fetched.push(path);
    const respond = this.server[path];
    if (!respond) throw new TypeError('Failed to fetch');
    return respond();
  };

  #cacheStorage() {
    return {
      has: async (name: string) => this.caches.has(name),
      open: async (name: string) => {
        const contents = this.caches.get(name) ?? new Map();
        this.caches.set(name, contents);
        return toCache(contents);
      },
      delete: async (name: string) => this.caches.delete(name),
      match: async (target: Target, { cacheName }: { cacheName: string }) =>
        this.caches.get(cacheName)?.get(pathOf(target))?.clone(),
    };
  }
}

function toCache(contents: Contents) {
  return {
    match: async (target: Target) => contents.get(pathOf(target))?.clone(),
    put: async (target: Target, response: Response) => void contents.set(pathOf(target), response),
    delete: async (target: Target) => contents.delete(pathOf(target)),
    keys: async () => [...contents.keys()].map((path) => ({ url: origin + path })),
  };
}
