-- In what the trading log and others differ. One writer: the trading area.
CREATE TABLE trading.break (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source text NOT NULL,
  subject smallint NOT NULL,
  account text NOT NULL,
  strategy text NOT NULL,
  instrument text NOT NULL,
  currency text NOT NULL,
  reference text NOT NULL,
  kind smallint NOT NULL,
  source_quantity numeric,
  source_price numeric,
  log_quantity numeric,
  log_price numeric,
  is_open boolean NOT NULL DEFAULT true,
  seen_count integer NOT NULL DEFAULT 1,
  create_time_ns bigint NOT NULL,
  seen_time_ns bigint NOT NULL,
  reason text NOT NULL DEFAULT '',
  resolver text NOT NULL DEFAULT '',
  resolve_time_ns bigint,
  -- Whether a notice told of it: what a broken bus could not take is told later.
  is_told boolean NOT NULL DEFAULT false
);
-- A difference is one break, however often it is found.
CREATE UNIQUE INDEX open_break ON trading.break
  (source, subject, account, strategy, instrument, currency, reference) WHERE is_open;
CREATE INDEX break_by_source ON trading.break (source, number DESC);
CREATE INDEX untold_break ON trading.break (number) WHERE NOT is_told;

-- Fills are looked up by what a broker's statement calls them.
CREATE INDEX fill_by_trade ON trading.fill (account, trade_id);
-- Orders that nobody told of (1) and orders that no venue answered (6).
CREATE INDEX doubtful_order ON trading.order_state (change_position) WHERE status IN (1, 6);
