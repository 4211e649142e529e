-- A fill that came after a later one of its position. Those of before are not looked at again.
ALTER TABLE trading.fill ADD COLUMN is_late boolean NOT NULL DEFAULT false;
CREATE INDEX fill_by_position
  ON trading.fill (account, strategy, instrument, event_time_ns DESC);
