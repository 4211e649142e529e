/** Who is signed in, and the tokens that prove it: renewed before they expire, gone on sign-out. */
import { Code, type Client } from "@connectrpc/connect";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Backoff } from "./backoff.js";
import { errorOf, NotAuthenticated, toQuarterdeckError, type QuarterdeckError } from "./errors.js";
import type { TokenPair, TokenService } from "./gen/quarterdeck/api/auth/v1/token_service_pb.js";
import { ALONE, type TokenNews, type TokenSharing, type TokenStore, type Tokens } from "./token-store.js";

/** Whether somebody is signed in. */
export type SessionState = "signed_out" | "restoring" | "signed_in";

/** The session as shown to people. */
export interface SessionView {
  readonly state: SessionState;
  /** Why the session ended by itself; absent after a sign-out and before a sign-in. */
  readonly ended?: QuarterdeckError | undefined;
}

// Renewed after this share of its life, so that a slow deck has the rest of it to answer.
const RENEW_AFTER = 0.7;
// A token this close to its end is renewed before it is used.
const MARGIN_MS = 5_000;

/** A principal's session. */
export class Session {
  #tokens: Tokens | undefined;
  #view: SessionView = { state: "signed_out" };
  #refreshing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #backoff = new Backoff(1_000, 30_000);
  readonly #listeners = new Set<() => void>();
  readonly #renewals = new Set<() => void>();

  constructor(
    private readonly service: Client<typeof TokenService>,
    private readonly store: TokenStore,
    private readonly sharing: TokenSharing = ALONE,
    private readonly now: () => number = Date.now,
  ) {
    sharing.listen((news) => this.#hear(news));
  }

  /** The session as shown to people. */
  get view(): SessionView {
    return this.#view;
  }

  /** Be told when the view changes; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Be told when the access token was renewed; returns how to stop. */
  onRenewed(listener: () => void): () => void {
    this.#renewals.add(listener);
    return () => this.#renewals.delete(listener);
  }

  /** Sign in with a person's name and password. */
  async signIn(principalId: string, password: string): Promise<void> {
    const value = { principalId, password };
    await this.#issue({ case: "password", value });
  }

  /** Sign in with an API key. */
  async signInWithKey(apiKey: string): Promise<void> {
    await this.#issue({ case: "apiKey", value: apiKey });
  }

  /** Go on with the session of before a reload; tells whether there was one. */
  async restore(): Promise<boolean> {
    if (this.#tokens) return true;
    if (!this.store.load()) return false;
    this.#show({ state: "restoring" });
    await this.refresh().catch((error: unknown) => this.#failRestoring(toQuarterdeckError(error)));
    return this.#tokens !== undefined;
  }

  /** A token that holds now. */
  async accessToken(): Promise<string> {
    if (this.#tokens && this.#tokens.accessExpiresAt - MARGIN_MS <= this.now()) await this.refresh();
    if (!this.#tokens) throw errorOf(Code.Unauthenticated, "not signed in", { reason: "TOKEN_MISSING" });
    return this.#tokens.accessToken;
  }

  /** Renew the tokens, unless `unless` was replaced already; callers at the same time share it. */
  refresh(unless?: string): Promise<void> {
    if (unless !== undefined && unless !== this.#tokens?.accessToken) return Promise.resolve();
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** End the session here and at the deck; its live streams end within seconds. */
  async signOut(): Promise<void> {
    const tokens = this.#tokens;
    this.#forget({ state: "signed_out" });
    if (!tokens) return;
    this.sharing.tell({ replaced: tokens.refreshToken });
    const headers = { authorization: `Bearer ${tokens.accessToken}` };
    await this.service.revokeToken({}, { headers });
  }

  /** End the session since the deck no longer accepts it. */
  end(error: QuarterdeckError): void {
    if (this.#view.state !== "signed_out") this.#forget({ state: "signed_out", ended: error });
  }

  async #issue(credential: Parameters<typeof this.service.issueToken>[0]["credential"]): Promise<void> {
    const { tokens } = await this.service.issueToken({ credential });
    this.#adopt(this.#tokensOf(tokens));
  }

  async #refresh(): Promise<void> {
    const before = this.store.load();
    try {
      await this.sharing.exclusively(() => this.#exchange(before));
    } catch (thrown) {
      const error = toQuarterdeckError(thrown);
      if (error instanceof NotAuthenticated) this.end(error);
      throw error;
    }
  }

  async #exchange(before: string | undefined): Promise<void> {
    const refreshToken = this.store.load();
    if (refreshToken !== before && this.#tokens) return;
    if (!refreshToken) throw errorOf(Code.Unauthenticated, "not signed in", { reason: "TOKEN_MISSING" });
    const { tokens } = await this.service.refreshToken({ refreshToken });
    // Signed out while the answer was on its way: the new pair must not bring the session back.
    if (this.store.load() !== refreshToken) return;
    const adopted = this.#tokensOf(tokens);
    this.#adopt(adopted);
    this.sharing.tell({ replaced: refreshToken, tokens: adopted });
  }

  #adopt(tokens: Tokens): void {
    this.#tokens = tokens;
    this.store.save(tokens.refreshToken);
    this.#backoff.reset();
    this.#schedule((tokens.accessExpiresAt - this.now()) * RENEW_AFTER);
    this.#show({ state: "signed_in" });
    for (const listener of this.#renewals) listener();
  }

  #hear(news: TokenNews): void {
    if (news.replaced !== this.store.load()) return;
    if (news.tokens) this.#adopt(news.tokens);
    else this.#forget({ state: "signed_out" });
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), Math.max(0, ms));
  }

  async #renew(): Promise<void> {
    await this.refresh().catch(() => {
      if (this.#tokens) this.#schedule(this.#backoff.next());
    });
  }

  #failRestoring(error: QuarterdeckError): void {
    if (this.#view.state === "restoring") this.#show({ state: "signed_out", ended: error });
  }

  #forget(view: SessionView): void {
    clearTimeout(this.#timer);
    this.#tokens = undefined;
    this.store.clear();
    this.#show(view);
  }

  #show(view: SessionView): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }

  #tokensOf(pair: TokenPair | undefined): Tokens {
    if (!pair) throw errorOf(Code.Internal, "the deck answered without tokens");
    const { accessToken, refreshToken } = pair;
    const expires = pair.accessExpireTime ? timestampMs(pair.accessExpireTime) : this.now();
    const lifetime = lifetimeMs(accessToken) ?? expires - this.now();
    return { accessToken, refreshToken, accessExpiresAt: this.now() + lifetime };
  }
}

/** The lifetime a JWT tells, which does not depend on this machine's clock being right. */
function lifetimeMs(jwt: string): number | undefined {
  try {
    const payload = (jwt.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { exp, iat } = JSON.parse(atob(payload)) as { exp?: number; iat?: number };
    return exp !== undefined && iat !== undefined ? (exp - iat) * 1000 : undefined;
  } catch {
    return undefined;
  }
}
