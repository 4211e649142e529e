/** The portfolio as it is now: a snapshot, and the rows that changed merged into it. */
import type { Client } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import { fixedOf, scaled, type Fixed } from "./decimal.js";
import { errorOf, NotAuthenticated } from "./errors.js";
import { Feed } from "./feed.js";
import type {
  CashBalance,
  Portfolio,
  PositionColumns,
  ProfitAndLoss,
} from "./gen/quarterdeck/api/trading/v1/portfolio_pb.js";
import type {
  PortfolioService,
  WatchPortfolioResponse,
} from "./gen/quarterdeck/api/trading/v1/portfolio_service_pb.js";
import { isFinal, reconnecting, type Link } from "./reconnecting.js";
import type { Session } from "./session.js";
import { msOf } from "./time.js";
import { renewOrEnd } from "./transport.js";

/** What a strategy holds of an instrument in an account, at the present mark. */
export interface PositionRow {
  readonly account: string;
  readonly strategy: string;
  readonly instrument: string;
  readonly currency: string;
  readonly quantity: Fixed;
  readonly averagePrice: Fixed;
  /** Absent while the instrument has no price. */
  readonly markPrice: Fixed | undefined;
  readonly marketValue: Fixed;
  readonly unrealisedProfit: Fixed;
  readonly realisedProfit: Fixed;
  readonly fees: Fixed;
  /** What funding, dividends and charges of the position brought. */
  readonly income: Fixed;
}

/** Cash by currency. */
export interface CashRow {
  readonly account: string;
  readonly currency: string;
  readonly amount: Fixed;
}

/** The portfolio with the state of its stream. */
export interface PortfolioView {
  readonly link: Link;
  /** Whether a snapshot has come. */
  readonly loaded: boolean;
  /** All accounts together; absent without a reporting currency, and for who sees a part alone. */
  readonly firm?: ProfitAndLoss | undefined;
  /** One for each account, with an empty strategy, and one for each strategy in it. */
  readonly profit: readonly ProfitAndLoss[];
  readonly positions: readonly PositionRow[];
  readonly cash: readonly CashRow[];
  /** The deck's time of the last answer, in milliseconds since the Unix epoch. */
  readonly serverTimeMs?: number | undefined;
  /** When it came, in milliseconds of the local clock. */
  readonly receivedAt?: number | undefined;
}

/** Which part of the portfolio. */
export interface PortfolioScope {
  readonly account?: string;
  readonly strategy?: string;
  readonly maxRate?: number;
}

/** The rows of the columns. */
export function positionRows(columns: PositionColumns | undefined): PositionRow[] {
  if (!columns) return [];
  const { quantityScale, priceScale, moneyScale } = columns;
  const at = (column: readonly bigint[], index: number, scale: number): Fixed =>
    scaled(column[index] ?? 0n, scale);
  return columns.instrument.map((instrument, i) => ({
    account: columns.account[i] ?? "",
    strategy: columns.strategy[i] ?? "",
    instrument,
    currency: columns.currency[i] ?? "",
    quantity: at(columns.quantity, i, quantityScale),
    averagePrice: at(columns.averagePrice, i, priceScale),
    markPrice: columns.hasMark[i] ? at(columns.markPrice, i, priceScale) : undefined,
    marketValue: at(columns.marketValue, i, moneyScale),
    unrealisedProfit: at(columns.unrealisedProfit, i, moneyScale),
    realisedProfit: at(columns.realisedProfit, i, moneyScale),
    fees: at(columns.fees, i, moneyScale),
    income: at(columns.income, i, moneyScale),
  }));
}

/** Rows by key: a snapshot replaces them, a change replaces those it names. */
export class PortfolioRows {
  #firm: ProfitAndLoss | undefined;
  #profit = new Map<string, ProfitAndLoss>();
  #positions = new Map<string, PositionRow>();
  #cash = new Map<string, CashRow>();

  /** Take in an answer. */
  take(portfolio: Portfolio | undefined, snapshot: boolean): void {
    if (snapshot) this.#clear();
    for (const row of portfolio?.profitAndLoss ?? []) {
      if (row.account) put(this.#profit, [row.account, row.strategy], row);
      else this.#firm = row;
    }
    for (const row of positionRows(portfolio?.positions)) {
      put(this.#positions, [row.account, row.strategy, row.instrument], row);
    }
    for (const row of portfolio?.cash ?? []) put(this.#cash, [row.account, row.currency], cashRow(row));
  }

  /** All rows. */
  get view(): Pick<PortfolioView, "firm" | "profit" | "positions" | "cash"> {
    const [profit, positions, cash] = [this.#profit, this.#positions, this.#cash];
    return { firm: this.#firm, profit: sorted(profit), positions: sorted(positions), cash: sorted(cash) };
  }

  #clear(): void {
    this.#firm = undefined;
    for (const rows of [this.#profit, this.#positions, this.#cash]) rows.clear();
  }
}

// The deck says nothing about its heartbeat here; this is three times its default.
const SILENCE_MS = 15_000;
const EMPTY: PortfolioView = {
  link: { state: "idle", attempt: 0 },
  loaded: false,
  profit: [],
  positions: [],
  cash: [],
};

/** Watches the portfolio. */
export class PortfolioFeed extends Feed<PortfolioView> {
  #token: string | undefined;
  #sequence = 0n;

  constructor(
    private readonly service: Client<typeof PortfolioService>,
    private readonly session: Session,
    private readonly scope: PortfolioScope,
  ) {
    super(EMPTY);
  }

  protected override start(): () => void {
    const closing = new AbortController();
    void this.#run(closing.signal).catch(() => undefined);
    return () => closing.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const rows = new PortfolioRows();
    const answers = reconnecting<WatchPortfolioResponse>({
      open: (attempt) => this.#open(attempt),
      silenceMs: () => SILENCE_MS,
      repair: (error, attempt) => this.#repair(error, attempt),
      onLink: (link) => this.#link(link),
      signal,
    });
    for await (const answer of answers) this.#take(rows, answer);
  }

  /** This stream has no session to renew: a new one replaces it before its token expires. */
  async *#open(signal: AbortSignal): AsyncGenerator<WatchPortfolioResponse, void> {
    for (;;) {
      // Not AbortSignal.any: some engines let such a signal be collected while it is waited for.
      const ending = new AbortController();
      const end = () => ending.abort();
      let renewed = false;
      const stop = this.session.onRenewed(() => {
        renewed = true;
        end();
      });
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
      try {
        yield* this.#answers(ending.signal);
        if (signal.aborted || !renewed) return;
      } catch (thrown) {
        if (signal.aborted || !renewed) throw thrown;
      } finally {
        stop();
        signal.removeEventListener("abort", end);
      }
    }
  }

  async *#answers(signal: AbortSignal): AsyncGenerator<WatchPortfolioResponse, void> {
    this.#token = await this.session.accessToken();
    this.#sequence = 0n;
    for await (const answer of this.service.watchPortfolio(this.scope, { signal })) {
      // A hole would leave rows behind for good; only a new snapshot heals that.
      const hole = this.#sequence > 0n && answer.sequence !== this.#sequence + 1n;
      if (hole && !answer.snapshot) throw errorOf(Code.DataLoss, "answers of the portfolio are missing");
      this.#sequence = answer.sequence;
      yield answer;
    }
  }

  async #repair(error: Error, attempt: number): Promise<void> {
    if (error instanceof NotAuthenticated && attempt < 3) {
      return renewOrEnd(this.session, this.#token, error);
    }
    if (isFinal(error as never)) throw error;
  }

  #link(link: Link): void {
    const now = this.get();
    if (now.link.state === link.state && now.link.error === link.error) return;
    this.set({ ...now, link });
  }

  #take(rows: PortfolioRows, answer: WatchPortfolioResponse): void {
    rows.take(answer.portfolio, answer.snapshot);
    const [receivedAt, serverTimeMs] = [Date.now(), msOf(answer.serverTime)];
    this.settle(() => ({
      link: this.get().link,
      loaded: true,
      ...rows.view,
      serverTimeMs,
      receivedAt,
    }));
  }
}

function put<T>(rows: Map<string, T>, key: readonly string[], row: T): void {
  rows.set(key.join("\u0000"), row);
}

function sorted<T>(rows: ReadonlyMap<string, T>): T[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function cashRow({ account, currency, amount }: CashBalance): CashRow {
  return { account, currency, amount: fixedOf(amount) };
}
