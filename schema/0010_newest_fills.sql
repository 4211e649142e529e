-- The time of the latest fill of each position, by which a late one is known. An index on the fills
-- would tell as well, but it misled the planner when the fills of a batch were looked up.
DROP INDEX trading.fill_by_position;
CREATE TABLE trading.newest_fill (
  account text NOT NULL,
  strategy text NOT NULL,
  instrument text NOT NULL,
  event_time_ns bigint NOT NULL,
  PRIMARY KEY (account, strategy, instrument)
);
INSERT INTO trading.newest_fill
SELECT account, strategy, instrument, max(event_time_ns) FROM trading.fill GROUP BY 1, 2, 3;
