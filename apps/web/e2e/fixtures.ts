import { randomUUID } from 'node:crypto';
import { type BrowserContext, test as base, expect, type Page } from '@playwright/test';
import { type Engine, type Server, startServer } from './server';

export { expect };

export interface ServerOptions {
  readonly engine: Engine;
}

/** A user who signed up by the API, and whose browser has the session cookie. */
export interface SignedUpUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly origin: string;
  readonly context: BrowserContext;
  /** Opens a page, and waits until it can be used. */
  open(path?: string): Promise<Page>;
  /** Calls the API with a token of the user: a path from `/api/` on, or what follows `/api/{id}/tasks`. */
  call(method: string, path?: string, body?: object): Promise<ApiResponse>;
}

interface ApiResponse {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare it with what they expect.
  readonly body: any;
}

/** The errors that pages report in a test. */
interface PageErrors {
  readonly messages: string[];
  /** Each has to be reported. */
  readonly expected: RegExp[];
  /** Each may be reported: which one of two messages is faster decides. */
  readonly possible: RegExp[];
}

interface Fixtures {
  readonly pageErrors: PageErrors;
  /** Opens a browser context of its own, isolated from those of other users. */
  readonly newContext: () => Promise<BrowserContext>;
  readonly newUser: () => Promise<SignedUpUser>;
}

/**
 * Every page of every test is checked: it sends requests to the app only, violates no rule of its
 * Content-Security-Policy, throws nothing, and leaves no error on the console.
 */
export const test = base.extend<Fixtures, ServerOptions & { server: Server }>({
  engine: ['pglite', { option: true, scope: 'worker' }],

  server: [
    async ({ engine }, use) => {
      const server = await startServer(engine);
      await use(server);
      await server.dispose();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  baseURL: ({ server }, use) => use(server.origin),

  pageErrors: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the braces what is needed.
    async ({}, use) => {
      const pageErrors: PageErrors = { messages: [], expected: [], possible: [] };
      await use(pageErrors);
      const { messages, expected, possible } = pageErrors;
      const allowed = [...expected, ...possible];
      expect(messages.filter((line) => !allowed.some((pattern) => pattern.test(line)))).toEqual([]);
      expect(expected.filter((pattern) => !messages.some((line) => pattern.test(line)))).toEqual([]);
    },
    { auto: true },
  ],

  newContext: async ({ browser, server, pageErrors }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ baseURL: server.origin });
      contexts.push(context);
      await watch(context, server.origin, pageErrors.messages);
      return context;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },

  newUser: async ({ newContext, server }, use) => {
    await use(async () => signUp(await newContext(), server.origin));
  },
});

export async function watch(context: BrowserContext, origin: string, messages: string[]): Promise<void> {
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
      console.error(`Against the Content-Security-Policy: ${violatedDirective} ${blockedURI} ${sourceFile}`);
    });
  });
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== origin) messages.push(`A request to ${url.origin}`);
  });
  context.on('console', (message) => {
    if (message.type() === 'error') messages.push(`${message.text()} ${message.location().url}`);
  });
  context.on('weberror', (error) => messages.push(`Thrown: ${error.error().message}`));
}

async function signUp(context: BrowserContext, origin: string): Promise<SignedUpUser> {
  const email = `${randomUUID()}@example.com`;
  const password = `pass ${randomUUID()}`;
  const data = { name: 'Ada Lovelace', email, password };
  const response = await context.request.post('/api/auth/sign-up/email', { data });
  expect(response.status()).toBe(200);
  const { id } = (await response.json()).user;
  const { token } = await (await context.request.get('/api/auth/token')).json();

  return {
    id,
    email,
    password,
    origin,
    context,
    async open(path = '/tasks') {
      const page = await context.newPage();
      await page.goto(path);
      return page;
    },
    async call(method, path = '', body) {
      const headers = { Authorization: `Bearer ${token}` };
      const options = { method, headers, ...(body && { data: body }) };
      const response = await context.request.fetch(
        path.startsWith('/api/') ? path : `/api/${id}/tasks${path}`,
        options,
      );
      const text = await response.text();
      return { status: response.status(), body: text === '' ? undefined : JSON.parse(text) };
    },
  };
}
