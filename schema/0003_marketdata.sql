-- What can be traded, what was published about it, and the sources it came from.

CREATE SCHEMA marketdata;

CREATE TABLE marketdata.instrument (
  id               int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instrument       text NOT NULL UNIQUE,          -- "{symbol}.{venue}"
  display_name     text NOT NULL,
  instrument_class smallint NOT NULL,             -- the contract's numbers
  currency         text NOT NULL,
  base_currency    text NOT NULL,
  price_precision  smallint NOT NULL CHECK (price_precision BETWEEN 0 AND 9),
  size_precision   smallint NOT NULL CHECK (size_precision BETWEEN 0 AND 9),
  price_increment  numeric NOT NULL CHECK (price_increment > 0),
  size_increment   numeric NOT NULL CHECK (size_increment > 0),
  multiplier       numeric NOT NULL CHECK (multiplier > 0),
  is_inverse       boolean NOT NULL,
  synthetic_microstructure boolean NOT NULL,
  provenance       text NOT NULL,
  update_time      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Ticks are partitioned by publish time: a replay publishes prices of long ago, which retention by
-- event time would drop at once. The key begins with what readers ask for.
CREATE TABLE marketdata.quote (
  publish_time  timestamptz NOT NULL,
  instrument_id int    NOT NULL,
  event_time_ns bigint NOT NULL,
  epoch         bigint NOT NULL,
  sequence      bigint NOT NULL,
  bid_price     bigint NOT NULL,                  -- scaled by the instrument's precisions
  ask_price     bigint NOT NULL,
  bid_size      bigint NOT NULL,
  ask_size      bigint NOT NULL,
  PRIMARY KEY (instrument_id, event_time_ns, epoch, sequence, publish_time)
);
SELECT series.make_series('marketdata.quote', 'publish_time', interval '1 day',
  segment_by => 'instrument_id', order_by => 'event_time_ns, epoch, sequence',
  compress_after => interval '2 days', drop_after => interval '7 days');

CREATE TABLE marketdata.trade (
  publish_time   timestamptz NOT NULL,
  instrument_id  int    NOT NULL,
  event_time_ns  bigint NOT NULL,
  epoch          bigint NOT NULL,
  sequence       bigint NOT NULL,
  price          bigint NOT NULL,
  size           bigint NOT NULL,
  aggressor_side smallint NOT NULL,               -- the contract's numbers
  trade_id       text   NOT NULL DEFAULT '',
  PRIMARY KEY (instrument_id, event_time_ns, epoch, sequence, publish_time)
);
SELECT series.make_series('marketdata.trade', 'publish_time', interval '1 day',
  segment_by => 'instrument_id', order_by => 'event_time_ns, epoch, sequence',
  compress_after => interval '2 days', drop_after => interval '7 days');

-- Bars are few and kept: one row for each close, the one that came last.
CREATE TABLE marketdata.bar (
  instrument_id int    NOT NULL,
  bar_interval  text   NOT NULL,                  -- as in the topic, for example "1d"
  close_time_ns bigint NOT NULL,
  open          double precision NOT NULL,
  high          double precision NOT NULL,
  low           double precision NOT NULL,
  close         double precision NOT NULL,
  volume        double precision NOT NULL,
  PRIMARY KEY (instrument_id, bar_interval, close_time_ns)
);

-- Prices before a time were multiplied by the factor (a split); dividing gives the raw ones.
CREATE TABLE marketdata.adjustment (
  instrument_id int    NOT NULL,
  before_ns     bigint NOT NULL,
  factor        double precision NOT NULL CHECK (factor > 0),
  PRIMARY KEY (instrument_id, before_ns)
);

-- Sequence numbers whose rows were published and are not in history.
CREATE TABLE marketdata.hole (
  topic          text   NOT NULL,
  epoch          bigint NOT NULL,
  first_sequence bigint NOT NULL,
  last_sequence  bigint NOT NULL,
  note_time      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (topic, epoch, first_sequence)
);

-- One row: the epoch of the newest owner of the sequence numbers, so that none comes twice.
CREATE TABLE marketdata.epoch (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  epoch bigint NOT NULL
);

CREATE TABLE marketdata.source (
  name              text PRIMARY KEY,             -- "sources/{source}"
  state             text NOT NULL CHECK (state IN ('STOPPED', 'RUNNING', 'ENDED', 'FAILED')),
  failure           text NOT NULL DEFAULT '',
  instruments       text[] NOT NULL DEFAULT '{}',
  dataset           text,                         -- with what follows: how a replay plays
  seconds_per_day   double precision,
  asked_start_ns    bigint,
  derive_quotes     boolean,
  instrument        text,
  first_time_ns     bigint,
  event_time_ns     bigint,                       -- of the last row published
  end_time_ns       bigint,
  published_rows    bigint NOT NULL DEFAULT 0,
  last_publish_ns   bigint,
  start_ns          bigint
);
