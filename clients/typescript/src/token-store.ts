/** Where the refresh token outlives a reload, and how tabs that share one agree on it. */

/** What a session is made of. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** When the access token expires, in milliseconds of the local clock. */
  readonly accessExpiresAt: number;
}

/** Keeps the refresh token. The access token is never stored. */
export interface TokenStore {
  load(): string | undefined;
  save(refreshToken: string): void;
  clear(): void;
}

/** Keeps the refresh token as long as the program runs. */
export class MemoryTokenStore implements TokenStore {
  #token: string | undefined;

  load(): string | undefined {
    return this.#token;
  }

  save(refreshToken: string): void {
    this.#token = refreshToken;
  }

  clear(): void {
    this.#token = undefined;
  }
}

/** Keeps the refresh token as long as the tab lives, reloads included. */
export class TabTokenStore implements TokenStore {
  constructor(
    private readonly storage: Storage,
    private readonly key = "quarterdeck.refresh_token",
  ) {}

  load(): string | undefined {
    return this.storage.getItem(this.key) ?? undefined;
  }

  save(refreshToken: string): void {
    this.storage.setItem(this.key, refreshToken);
  }

  clear(): void {
    this.storage.removeItem(this.key);
  }
}

/** A tab tells those that hold the same refresh token what became of it. */
export interface TokenNews {
  /** The refresh token that no longer works. */
  readonly replaced: string;
  /** What replaced it; absent when the session ended. */
  readonly tokens?: Tokens | undefined;
}

/** How tabs that were duplicated, and so share a refresh token, agree on it. */
export interface TokenSharing {
  /** Run while no other tab refreshes. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  tell(news: TokenNews): void;
  listen(listener: (news: TokenNews) => void): void;
}

/** For programs that are no browser. */
export const ALONE: TokenSharing = {
  exclusively: (work) => work(),
  tell: () => undefined,
  listen: () => undefined,
};

// News of the tab that held the lock may arrive after the lock itself.
const NEWS_DELAY_MS = 150;
const LOCK = "quarterdeck.refresh";

/** Share over Web Locks and a BroadcastChannel; each refresh token works only once. */
export function sharingAmongTabs(): TokenSharing {
  if (typeof BroadcastChannel === "undefined" || !globalThis.navigator?.locks) return ALONE;
  const channel = new BroadcastChannel("quarterdeck.session");
  return {
    exclusively: (work) => lockedOrSoon(work),
    tell: (news) => channel.postMessage(news),
    listen: (listener) => {
      channel.addEventListener("message", (message) => listener(message.data as TokenNews));
    },
  };
}

async function lockedOrSoon<T>(work: () => Promise<T>): Promise<T> {
  const held = (await navigator.locks.query()).held?.some((lock) => lock.name === LOCK);
  return navigator.locks.request(LOCK, async () => {
    if (held) await new Promise((resolve) => setTimeout(resolve, NEWS_DELAY_MS));
    return work();
  });
}
