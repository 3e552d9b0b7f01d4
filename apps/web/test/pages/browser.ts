import type { Client } from '@taskward/api-core/client';
import { createClient } from '@taskward/api-core/client';
import type { List, Task } from '@taskward/api-core/contract';
import { expect, vi } from 'vitest';
import { Outage, setObstacle } from '../../app/sync/connection';
import { Follower } from '../../app/sync/follower';
import { Sender } from '../../app/sync/sender';
import { Store } from '../../app/sync/store';
import { Actions } from '../../app/tasks/actions';
import { Messages } from '../../app/tasks/messages';
import { fetchFromApp, send, type TestUser } from '../harness';

/** The parts of the task page without the page: what a browser of the user has, in memory. */
export class TestBrowser {
  readonly store: Store;
  readonly messages: Messages;
  readonly actions: Actions;
  readonly failures: string[] = [];
  readonly #client: Client;
  readonly #sender: Sender;
  readonly #follower: Follower;
  #isOnline = true;
  /** Called with each request that changes something; what it throws is lost on the way back. */
  onResponse: () => void = () => {};
  requests = 0;

  constructor(user: TestUser) {
    this.store = new Store(user.id);
    this.messages = new Messages((change) => this.store.undo(change));
    this.actions = new Actions(this.store, this.messages);
    this.#client = createClient({
      baseUrl: '',
      getToken: () => user.token,
      retry: false,
      fetch: async (path, { method = 'GET', headers, body, signal }) => {
        if (!this.#isOnline) throw this.#outage();
        if (method === 'GET') return fetchFromApp(path, { method, headers: headers ?? {}, signal: signal ?? null });
        this.requests++;
        const given = body ? { body: String(body) } : {};
        const response = await send(method, path, { headers: headers ?? {}, ...given });
        try {
          this.onResponse();
        } catch {
          throw this.#outage();
        }
        return response;
      },
    });
    this.#sender = new Sender(this.store, this.#client, () => this.#follower.restart());
    this.#follower = new Follower(this.store, this.#client);
    this.store.onChanges(this.#sender.pump);
    this.store.onNotice((text) => this.failures.push(text));
  }

  #outage(): Outage {
    setObstacle('offline');
    return new Outage(1);
  }

  goOffline(): void {
    this.#isOnline = false;
    this.#follower.stop();
    setObstacle('offline');
  }

  goOnline(): void {
    this.#isOnline = true;
    setObstacle(undefined);
    this.#follower.restart();
    this.#sender.pump();
  }

  close(): void {
    this.#follower.stop();
    setObstacle(undefined);
  }

  /** Sends everything, until the copy has it. */
  async settle(): Promise<void> {
    this.goOnline();
    const options = { timeout: 20_000, interval: 20 };
    await vi.waitFor(() => {
      if (this.store.getState().changes.some(({ state }) => state !== 'refused')) {
        this.goOnline();
        throw new Error('Changes are waiting.');
      }
    }, options);
  }

  get tasks(): Task[] {
    return [...this.store.getState().view.tasks.values()];
  }

  task(title: string): Task {
    const found = this.tasks.find((task) => task.title === title);
    expect(found, title).toBeDefined();
    return found as Task;
  }

  /** What the server has. */
  async readServer(): Promise<{ tasks: Task[]; lists: List[] }> {
    const tasks = new Map<string, Task>();
    const lists = new Map<string, List>();
    const params = { user_id: this.store.userId };
    for (let since: string | undefined; ; ) {
      const { body } = await this.#client.listChanges({ params, query: { limit: 500, ...(since && { since }) } });
      for (const change of body.changes) {
        if (change.type === 'task' && change.task) tasks.set(change.id, change.task);
        else if (change.type === 'list' && change.list) lists.set(change.id, change.list);
        else for (const items of [tasks, lists]) items.delete(change.id);
      }
      if (!body.has_more) return { tasks: [...tasks.values()], lists: [...lists.values()] };
      since = body.token;
    }
  }
}

/** What a user sees of tasks: everything but what only the server decides; the order instead of positions. */
export function asSeen(tasks: readonly Task[]) {
  const byPosition = [...tasks].sort((a, b) => (a.position < b.position ? -1 : 1));
  return byPosition
    .map((task) => {
      const { title, description, status, priority, due_date, tags, list_id, parent_id, completed, id } = task;
      const siblings = byPosition.filter((one) => one.list_id === list_id && one.parent_id === parent_id);
      const place = siblings.findIndex((one) => one.id === id);
      return { id, title, description, status, priority, due_date, tags, list_id, parent_id, completed, place };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
