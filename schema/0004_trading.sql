-- The trading log, what is folded from it, and the durable topics. One writer: the trading area.
-- Times of the market are nanoseconds since the Unix epoch; numbers are exact (numeric).
CREATE SCHEMA trading;

-- The one row that every recorder locks: it makes positions and sequences gapless.
CREATE TABLE trading.head (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  epoch bigint NOT NULL CHECK (epoch > 0),
  event_position bigint NOT NULL DEFAULT 0,
  record_position bigint NOT NULL DEFAULT 0
);
-- Below 2^53, so that every client can hold it exactly.
INSERT INTO trading.head (epoch) VALUES (1 + floor(random() * 9007199254740990)::bigint);

-- Every event, whole, as it came.
CREATE TABLE trading.event (
  position bigint PRIMARY KEY,
  event_id text NOT NULL UNIQUE,
  content_hash bytea NOT NULL,
  node text NOT NULL,
  account text NOT NULL,
  strategy text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('order', 'fill', 'position', 'account', 'flow')),
  event_time_ns bigint NOT NULL,
  reconciliation boolean NOT NULL,
  record_time timestamptz NOT NULL DEFAULT now(),
  content bytea NOT NULL
);

CREATE TABLE trading.account (
  account text PRIMARY KEY,
  base_currency text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  reported_time_ns bigint,
  reported jsonb NOT NULL DEFAULT '{}'
);

-- The facts of an instrument as they were when the log first used it.
CREATE TABLE trading.instrument_fact (
  instrument text PRIMARY KEY,
  currency text NOT NULL,
  base_currency text,
  quote_currency text,
  multiplier numeric NOT NULL,
  price_precision smallint NOT NULL,
  size_precision smallint NOT NULL,
  is_inverse boolean NOT NULL,
  is_margined boolean NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);

-- What changes the portfolio, in the order of the log: fills, and cash from outside.
CREATE TABLE trading.fill (
  position bigint PRIMARY KEY,
  event_id text NOT NULL,
  account text NOT NULL,
  strategy text NOT NULL,
  instrument text NOT NULL,
  node text NOT NULL,
  client_order_id text NOT NULL,
  venue_order_id text NOT NULL,
  trade_id text NOT NULL,
  side smallint NOT NULL,
  quantity numeric NOT NULL CHECK (quantity > 0),
  price numeric NOT NULL,
  fee numeric,
  fee_currency text NOT NULL,
  liquidity_side smallint NOT NULL,
  order_unknown boolean NOT NULL,
  event_time_ns bigint NOT NULL,
  -- A simulated venue may count its trades anew after a restart, so the order belongs to the key.
  UNIQUE (account, instrument, client_order_id, trade_id)
);
CREATE INDEX fill_by_time ON trading.fill (event_time_ns DESC, position DESC);

CREATE TABLE trading.flow (
  position bigint PRIMARY KEY,
  event_id text NOT NULL,
  account text NOT NULL,
  kind text NOT NULL,
  currency text NOT NULL,
  amount numeric NOT NULL,
  event_time_ns bigint NOT NULL
);

CREATE TABLE trading.order_state (
  account text NOT NULL,
  client_order_id text NOT NULL,
  strategy text NOT NULL,
  instrument text NOT NULL,
  node text NOT NULL,
  venue_order_id text NOT NULL,
  side smallint NOT NULL,
  order_type smallint NOT NULL,
  time_in_force smallint NOT NULL,
  reduce_only boolean NOT NULL,
  quantity numeric NOT NULL,
  limit_price numeric,
  trigger_price numeric,
  -- What the node said last, and the newest time of each clock that stamps what it says.
  claim smallint NOT NULL,
  node_time_ns bigint NOT NULL,
  venue_time_ns bigint NOT NULL,
  status smallint NOT NULL,
  status_reason text NOT NULL,
  filled_quantity numeric NOT NULL,
  filled_value numeric NOT NULL,
  create_time_ns bigint NOT NULL,
  update_time_ns bigint NOT NULL,
  is_open boolean NOT NULL,
  change_position bigint NOT NULL,
  PRIMARY KEY (account, client_order_id)
);
CREATE INDEX order_by_change ON trading.order_state (change_position DESC);
CREATE INDEX open_order_by_change ON trading.order_state (change_position DESC) WHERE is_open;

-- The durable topics: what was published, as the bytes that were published.
CREATE TABLE trading.topic (
  topic text PRIMARY KEY,
  last_sequence bigint NOT NULL
);
CREATE TABLE trading.topic_record (
  position bigint PRIMARY KEY,
  topic text NOT NULL,
  sequence bigint NOT NULL,
  publish_time_ns bigint NOT NULL,
  payload bytea NOT NULL,
  UNIQUE (topic, sequence)
);

-- The newest prices, so that profit after a restart is what it was before.
CREATE TABLE trading.mark (
  instrument text PRIMARY KEY,
  bid numeric,
  ask numeric,
  quote_time_ns bigint NOT NULL,
  last numeric,
  last_time_ns bigint NOT NULL
);

-- A saved portfolio, so that a start replays the end of the log only; always derivable.
CREATE TABLE trading.checkpoint (
  position bigint PRIMARY KEY,
  average jsonb NOT NULL,
  fifo jsonb NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now()
);

-- Equity of an account (strategy is empty) and profit of a strategy over the market's time.
CREATE TABLE trading.equity_point (
  account text NOT NULL,
  strategy text NOT NULL,
  event_time_ns bigint NOT NULL,
  publish_time_ns bigint NOT NULL,
  equity double precision,
  realised_profit double precision NOT NULL,
  unrealised_profit double precision NOT NULL,
  fees double precision NOT NULL,
  PRIMARY KEY (account, strategy, event_time_ns)
);

CREATE TABLE trading.node (
  node text PRIMARY KEY,
  display_name text NOT NULL,
  mode smallint NOT NULL,
  engine_version text NOT NULL,
  code_hash text NOT NULL,
  accounts text[] NOT NULL,
  strategies text[] NOT NULL,
  register_time_ns bigint NOT NULL,
  report_time_ns bigint,
  is_stopping boolean NOT NULL DEFAULT false,
  health bytea NOT NULL DEFAULT '',
  differences jsonb NOT NULL DEFAULT '[]'
);

CREATE TABLE trading.command (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL UNIQUE,
  node text NOT NULL REFERENCES trading.node,
  kind smallint NOT NULL,
  strategy text NOT NULL,
  state smallint NOT NULL,
  result text NOT NULL DEFAULT '',
  sender text NOT NULL,
  request_id text NOT NULL,
  create_time_ns bigint NOT NULL,
  finish_time_ns bigint
);
CREATE INDEX pending_command ON trading.command (node, number) WHERE finish_time_ns IS NULL;
CREATE INDEX command_by_request ON trading.command (sender, request_id) WHERE request_id <> '';
