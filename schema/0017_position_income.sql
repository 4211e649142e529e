-- The income of one position by time, in pages: looked for by account alone, each position would read
-- what all of them were paid.
CREATE INDEX flow_by_position ON trading.flow (account, strategy, instrument, event_time_ns, position);
