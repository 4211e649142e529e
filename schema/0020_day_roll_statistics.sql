-- A table of one row is never analysed by itself, and taken for one of a thousand: every statement that
-- asks for the bucket of a moment was planned, and by some servers compiled, for a thousand times its rows.
ANALYZE trading.day_roll;
