export interface User {
  readonly id: string;
  readonly email: string;
}

const KEY = 'taskward-user';

/** Remembers who uses this browser, so that the page can open offline. */
export function rememberUser({ id, email }: User): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ id, email }));
  } catch {
    // Without storage, the page opens online only.
  }
}

export function readLastUser(): User | undefined {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

export function forgetUser(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There was none.
  }
}
