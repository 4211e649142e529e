-- What makes history something to rely on: holes that can be filled, rollups of ticks, trading hours.

ALTER TABLE marketdata.hole RENAME COLUMN note_time TO create_time;
ALTER TABLE marketdata.hole
  ADD COLUMN first_event_time_ns bigint NOT NULL DEFAULT 0,   -- 0: noted before times were
  ADD COLUMN last_event_time_ns  bigint NOT NULL DEFAULT 0,
  ADD COLUMN fill_time timestamptz;                           -- when a backfill covered its time
CREATE INDEX hole_unfilled ON marketdata.hole (topic, first_event_time_ns) WHERE fill_time IS NULL;
CREATE INDEX hole_newest ON marketdata.hole (create_time, topic, epoch, first_sequence);

ALTER TABLE marketdata.instrument ADD COLUMN trading_calendar text NOT NULL DEFAULT '';

-- When a bar was stored last: the newest one may still change while its time is not over.
ALTER TABLE marketdata.bar ADD COLUMN change_time timestamptz NOT NULL DEFAULT now();
ALTER TABLE marketdata.bar ALTER COLUMN change_time SET DEFAULT clock_timestamp();

-- Ticks folded into bars of a minute, an hour and a day of UTC, in the transaction that stores them.
-- The first and the last tick are known by their keys, so that a late one finds its place and ticks
-- that retention has dropped stay counted.
CREATE TABLE marketdata.rollup (
  instrument_id  int      NOT NULL,
  origin         smallint NOT NULL CHECK (origin IN (3, 4)),          -- the contract's numbers
  seconds        int      NOT NULL CHECK (seconds IN (60, 3600, 86400)),
  close_time_ns  bigint   NOT NULL,                                    -- a multiple of the length
  open           double precision NOT NULL,                            -- scaled, as the ticks are;
  high           double precision NOT NULL,                            -- of quotes the middle
  low            double precision NOT NULL,
  close          double precision NOT NULL,
  volume         double precision NOT NULL,
  first_time_ns  bigint   NOT NULL,
  first_epoch    bigint   NOT NULL,
  first_sequence bigint   NOT NULL,
  last_time_ns   bigint   NOT NULL,
  last_epoch     bigint   NOT NULL,
  last_sequence  bigint   NOT NULL,
  change_time    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (instrument_id, origin, seconds, close_time_ns)
) WITH (fillfactor = 80);
CREATE INDEX ON marketdata.rollup USING brin (change_time) WITH (autosummarize = on);

-- What was stored before there were rollups.
INSERT INTO marketdata.rollup
SELECT instrument_id, 3, seconds, (event_time_ns / (seconds * 1000000000::bigint) + 1) * (seconds * 1000000000::bigint),
       (array_agg(price ORDER BY event_time_ns, epoch, sequence))[1], max(price), min(price),
       (array_agg(price ORDER BY event_time_ns DESC, epoch DESC, sequence DESC))[1], sum(size),
       min(event_time_ns), (array_agg(epoch ORDER BY event_time_ns, epoch, sequence))[1],
       (array_agg(sequence ORDER BY event_time_ns, epoch, sequence))[1],
       max(event_time_ns), (array_agg(epoch ORDER BY event_time_ns DESC, epoch DESC, sequence DESC))[1],
       (array_agg(sequence ORDER BY event_time_ns DESC, epoch DESC, sequence DESC))[1], max(publish_time)
FROM marketdata.trade, unnest('{60,3600,86400}'::int[]) seconds
GROUP BY 1, 3, 4;
INSERT INTO marketdata.rollup
SELECT instrument_id, 4, seconds, (event_time_ns / (seconds * 1000000000::bigint) + 1) * (seconds * 1000000000::bigint),
       (array_agg(middle ORDER BY event_time_ns, epoch, sequence))[1], max(middle), min(middle),
       (array_agg(middle ORDER BY event_time_ns DESC, epoch DESC, sequence DESC))[1], 0,
       min(event_time_ns), (array_agg(epoch ORDER BY event_time_ns, epoch, sequence))[1],
       (array_agg(sequence ORDER BY event_time_ns, epoch, sequence))[1],
       max(event_time_ns), (array_agg(epoch ORDER BY event_time_ns DESC, epoch DESC, sequence DESC))[1],
       (array_agg(sequence ORDER BY event_time_ns DESC, epoch DESC, sequence DESC))[1], max(publish_time)
FROM (SELECT *, bid_price / 2.0::float8 + ask_price / 2.0::float8 AS middle FROM marketdata.quote) quote,
     unnest('{60,3600,86400}'::int[]) seconds
GROUP BY 1, 3, 4;

-- Who halted an instrument: it trades again when the same one says so.
CREATE TABLE marketdata.halt (
  instrument    text   NOT NULL,
  origin        text   NOT NULL,                  -- a principal or a source, by name
  event_time_ns bigint NOT NULL,
  note          text   NOT NULL,
  PRIMARY KEY (instrument, origin)
);
