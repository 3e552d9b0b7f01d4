import type { Change } from './changes';
import { getObstacle, type Obstacle, onObstacle, setObstacle } from './connection';
import type { CopyUpdate } from './database';

/** What one tab says to the others of the same user. */
export type TabMessage =
  | { readonly type: 'changes'; readonly put: readonly Change[]; readonly removed: readonly string[] }
  | { readonly type: 'copy'; readonly update: CopyUpdate; readonly removed: readonly string[] }
  | { readonly type: 'notice'; readonly tab: string; readonly text: string };
type Message = TabMessage | { readonly type: 'obstacle'; readonly obstacle: Obstacle | undefined };

/** Connects the tabs of a user. What one learns of the connection to the server, the others know, too. */
export class TabChannel {
  readonly #channel: BroadcastChannel;
  readonly #stop: () => void;
  #early: TabMessage[] = [];
  #receive = (message: TabMessage): void => void this.#early.push(message);

  constructor(userId: string) {
    this.#channel = new BroadcastChannel(`taskward-${userId}`);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data.type === 'obstacle') setObstacle(data.obstacle);
      else this.#receive(data);
    };
    this.#stop = onObstacle(() => this.#channel.postMessage({ type: 'obstacle', obstacle: getObstacle() }));
  }

  post(message: TabMessage): void {
    this.#channel.postMessage(message);
  }

  /** Delivers the messages that have come already, and each that comes from now on. */
  listen(receive: (message: TabMessage) => void): void {
    this.#receive = receive;
    for (const message of this.#early.splice(0)) receive(message);
  }

  close(): void {
    this.#stop();
    this.#channel.close();
  }
}
