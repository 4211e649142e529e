-- Curves and activity by minute, hour and trading day, and the points of curves in parts by time.

-- One row: when a trading day ends. The trading area keeps it as its settings say.
CREATE TABLE trading.day_roll (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  zone text NOT NULL,
  at time NOT NULL
);
INSERT INTO trading.day_roll (zone, at) VALUES ('UTC', '00:00');

-- The trading day of a moment, in days since 1970-01-01: named after the date of its last moment.
CREATE FUNCTION trading.day_of(time_ns bigint, zone text, at time) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT ((to_timestamp(time_ns / 1000000000) AT TIME ZONE zone) - at::interval)::date
         - date '1970-01-01' + (at <> time '00:00')::int
$$;

-- The minute, hour and day of a moment. A day is known by midnight UTC of the date it is named after,
-- whenever it began.
CREATE FUNCTION trading.buckets(time_ns bigint) RETURNS TABLE (seconds int, start_ns bigint)
LANGUAGE sql STABLE AS $$
  SELECT length.seconds, CASE WHEN length.seconds = 86400 THEN trading.day_of(time_ns, zone, at) * 86400000000000
                              ELSE time_ns - time_ns % (length.seconds * 1000000000::bigint) END
  FROM trading.day_roll, (VALUES (60), (3600), (86400)) AS length (seconds)
$$;

-- What else points tell. Those of before were not asked for exposures.
ALTER TABLE trading.equity_point ADD COLUMN IF NOT EXISTS income double precision NOT NULL DEFAULT 0;
ALTER TABLE trading.equity_point ADD COLUMN gross_exposure double precision;

-- Points in parts by the market's time. A replay plays prices of long ago, so parts are made when
-- they are needed, and dropped when nothing was written in them for long.
ALTER TABLE trading.equity_point RENAME TO equity_point_undivided;
CREATE TABLE trading.equity_point (LIKE trading.equity_point_undivided INCLUDING ALL);
SELECT series.make_series('trading.equity_point', 'event_time_ns', interval '28 days',
  segment_by => 'account, strategy', order_by => 'event_time_ns', compress_after => interval '84 days');
CREATE INDEX ON trading.equity_point USING brin (publish_time_ns) WITH (pages_per_range = 32, autosummarize = on);
SELECT series.ensure_range('trading.equity_point', at, at)
FROM (SELECT DISTINCT date_bin(interval '28 days', to_timestamp(event_time_ns / 1000000000), timestamptz '2000-01-03 00:00:00+00') AS at
      FROM trading.equity_point_undivided) needed;
INSERT INTO trading.equity_point SELECT * FROM trading.equity_point_undivided;
DROP TABLE trading.equity_point_undivided;

-- Points folded in the transaction that stores them. What has no other name is of the last point;
-- its time and numbers are those of the point itself, so a curve of rollups goes through points.
CREATE TABLE trading.equity_rollup (
  account           text    NOT NULL,
  strategy          text    NOT NULL,             -- empty: the whole account
  seconds           int     NOT NULL CHECK (seconds IN (60, 3600, 86400)),
  start_ns          bigint  NOT NULL,             -- as trading.buckets tells
  point_count       bigint  NOT NULL,
  first_time_ns     bigint  NOT NULL,
  last_time_ns      bigint  NOT NULL,
  publish_time_ns   bigint  NOT NULL,
  equity_open       double precision,             -- of accounts only
  equity_high       double precision,
  equity_low        double precision,
  equity            double precision,
  profit_open       double precision NOT NULL,    -- realised + unrealised - fees + income
  profit_high       double precision NOT NULL,
  profit_low        double precision NOT NULL,
  realised_profit   double precision NOT NULL,
  unrealised_profit double precision NOT NULL,
  fees              double precision NOT NULL,
  income            double precision NOT NULL,
  gross_exposure    double precision,
  gross_exposure_high double precision,
  change_time       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, strategy, seconds, start_ns)
) WITH (fillfactor = 80);
CREATE INDEX ON trading.equity_rollup USING brin (change_time) WITH (autosummarize = on);

-- What was stored before there were rollups.
INSERT INTO trading.equity_rollup
SELECT account, strategy, seconds, start_ns, count(*), min(event_time_ns), max(event_time_ns),
       (array_agg(publish_time_ns ORDER BY event_time_ns DESC))[1],
       (array_agg(equity ORDER BY event_time_ns))[1], max(equity), min(equity),
       (array_agg(equity ORDER BY event_time_ns DESC))[1],
       (array_agg(profit ORDER BY event_time_ns))[1], max(profit), min(profit),
       (array_agg(realised_profit ORDER BY event_time_ns DESC))[1],
       (array_agg(unrealised_profit ORDER BY event_time_ns DESC))[1],
       (array_agg(fees ORDER BY event_time_ns DESC))[1],
       (array_agg(income ORDER BY event_time_ns DESC))[1],
       (array_agg(gross_exposure ORDER BY event_time_ns DESC))[1], max(gross_exposure)
FROM (SELECT *, realised_profit + unrealised_profit - fees + income AS profit FROM trading.equity_point) point,
     trading.buckets(event_time_ns)
GROUP BY 1, 2, 3, 4;

-- What was traded, exactly. A row's amounts are in its currency: that in which the instrument's
-- profit settles or, with fees alone, another in which a fee was charged.
CREATE TABLE trading.activity_rollup (
  account         text    NOT NULL,
  strategy        text    NOT NULL,
  instrument      text    NOT NULL,
  currency        text    NOT NULL,
  seconds         int     NOT NULL CHECK (seconds IN (60, 3600, 86400)),
  start_ns        bigint  NOT NULL,               -- as trading.buckets tells
  orders          bigint  NOT NULL DEFAULT 0,     -- by the time they were made
  rejects         bigint  NOT NULL DEFAULT 0,     -- rejected or denied, by their last change
  cancels         bigint  NOT NULL DEFAULT 0,     -- by their last change
  fills           bigint  NOT NULL DEFAULT 0,
  bought_quantity numeric NOT NULL DEFAULT 0,
  sold_quantity   numeric NOT NULL DEFAULT 0,
  bought_value    numeric NOT NULL DEFAULT 0,
  sold_value      numeric NOT NULL DEFAULT 0,
  fees            numeric NOT NULL DEFAULT 0,
  change_time     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (account, seconds, start_ns, strategy, instrument, currency)
) WITH (fillfactor = 80);
CREATE INDEX ON trading.activity_rollup USING brin (change_time) WITH (autosummarize = on);

-- What every order and fill counts for, by the time at which it counts.
CREATE VIEW trading.activity AS
SELECT account, strategy, instrument, currency, create_time_ns AS time_ns,
       1 AS orders, 0 AS rejects, 0 AS cancels, 0 AS fills, 0::numeric AS bought_quantity,
       0::numeric AS sold_quantity, 0::numeric AS bought_value, 0::numeric AS sold_value, 0::numeric AS fees
FROM trading.order_state JOIN trading.instrument_fact USING (instrument) WHERE claim <> 1
UNION ALL
SELECT account, strategy, instrument, currency, update_time_ns,
       0, (claim <> 12)::int, (claim = 12)::int, 0, 0, 0, 0, 0, 0
FROM trading.order_state JOIN trading.instrument_fact USING (instrument) WHERE claim IN (3, 8, 12)
UNION ALL
SELECT account, strategy, instrument, currency, event_time_ns, 0, 0, 0, 1,
       CASE side WHEN 1 THEN quantity ELSE 0 END, CASE side WHEN 2 THEN quantity ELSE 0 END,
       CASE side WHEN 1 THEN value ELSE 0 END, CASE side WHEN 2 THEN value ELSE 0 END, 0
FROM (SELECT fill.*, fact.currency,
             CASE WHEN is_inverse THEN quantity * multiplier / price ELSE quantity * multiplier * price END AS value
      FROM trading.fill JOIN trading.instrument_fact AS fact USING (instrument) WHERE bust_time_ns IS NULL) fill
UNION ALL
SELECT account, strategy, instrument, fee_currency, event_time_ns, 0, 0, 0, 0, 0, 0, 0, 0, fee
FROM trading.fill WHERE fee IS NOT NULL AND bust_time_ns IS NULL;

INSERT INTO trading.activity_rollup
SELECT account, strategy, instrument, currency, seconds, start_ns, sum(orders), sum(rejects), sum(cancels), sum(fills),
       sum(bought_quantity), sum(sold_quantity), sum(bought_value), sum(sold_value), sum(fees)
FROM trading.activity, trading.buckets(time_ns)
GROUP BY 1, 2, 3, 4, 5, 6;
