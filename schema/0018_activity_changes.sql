-- What batches changed of activity, by minute, until it is folded into trading.activity_rollup. Written
-- in the transaction that stores the events, and taken away in the one that folds it: at every moment
-- activity is the sum of both tables. Small and without an index, so that writing it costs little.
CREATE TABLE trading.activity_change (
  account         text    NOT NULL,
  strategy        text    NOT NULL,
  instrument      text    NOT NULL,
  currency        text    NOT NULL,
  time_ns         bigint  NOT NULL,               -- the beginning of a minute
  orders          bigint  NOT NULL,
  rejects         bigint  NOT NULL,
  cancels         bigint  NOT NULL,
  fills           bigint  NOT NULL,
  bought_quantity numeric NOT NULL,
  sold_quantity   numeric NOT NULL,
  bought_value    numeric NOT NULL,
  sold_value      numeric NOT NULL,
  fees            numeric NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
