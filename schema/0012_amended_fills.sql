-- What venues take back: corrections and busts of fills, and what has to be told anew after them.
ALTER TABLE trading.event DROP CONSTRAINT event_kind_check;
ALTER TABLE trading.event ADD CONSTRAINT event_kind_check CHECK
  (kind IN ('order', 'fill', 'position', 'account', 'flow', 'action', 'fill_correction', 'fill_bust'));

-- A fill holds its present numbers; a busted one counts for nothing.
ALTER TABLE trading.fill ADD COLUMN correction_count integer NOT NULL DEFAULT 0;
ALTER TABLE trading.fill ADD COLUMN bust_time_ns bigint;

-- What was told of a fill: position 0 is the fill as it was told first, the others are corrections
-- and busts at their positions of the log. From these rows a fill is what it was at any of them.
CREATE TABLE trading.amendment (
  fill_position bigint NOT NULL,
  position bigint NOT NULL,
  is_bust boolean NOT NULL DEFAULT false,
  account text NOT NULL,
  strategy text NOT NULL,
  instrument text NOT NULL,
  event_time_ns bigint NOT NULL,
  quantity numeric,
  price numeric,
  fee numeric,
  fee_currency text NOT NULL DEFAULT '',
  PRIMARY KEY (fill_position, position)
);
CREATE INDEX amendment_by_position ON trading.amendment (position) WHERE position > 0;

-- Points of curves that were stored before a batch and are of the time after what it told. One row
-- is one position (or, without strategy and instrument, the account's cash) that must be told anew.
CREATE TABLE trading.restatement (
  position bigint NOT NULL,
  after_position bigint NOT NULL,
  account text NOT NULL,
  strategy text NOT NULL,
  instrument text NOT NULL,
  from_ns bigint NOT NULL,
  PRIMARY KEY (position, account, strategy, instrument)
);

-- Up to which position of the log a point knows everything: what came later is told anew in it.
ALTER TABLE trading.equity_point ADD COLUMN log_position bigint NOT NULL DEFAULT 0;
