-- When a position was filled last is what the book knows, which follows the log; the table stays as the
-- list of all positions that were ever traded. So nothing of it changes with a fill any more.
ALTER TABLE trading.newest_fill RENAME TO traded_position;
ALTER TABLE trading.traded_position DROP COLUMN event_time_ns;
