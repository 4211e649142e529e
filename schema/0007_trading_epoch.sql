-- One row: the epoch of the process that published profits and nodes last. By the clock alone it
-- would come back, or go back, when the clock does, and readers would take new events for old ones.
CREATE TABLE trading.live_epoch (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  epoch  bigint NOT NULL
);
