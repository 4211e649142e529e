-- The log is read back by order, instrument and time. What an event says of an order is told by
-- columns of its own; those of earlier events are read out of their content, once.
ALTER TABLE trading.event
  ADD COLUMN instrument text NOT NULL DEFAULT '',
  ADD COLUMN client_order_id text NOT NULL DEFAULT '',
  ADD COLUMN order_status smallint;

-- Returns a number of variable length and the place after it.
CREATE FUNCTION trading.read_number(content bytea, place int, OUT number bigint, OUT next int) AS $$
DECLARE
  shift int := 0;
  byte int;
BEGIN
  number := 0;
  next := place;
  LOOP
    byte := get_byte(content, next);
    number := number | ((byte & 127)::bigint << shift);
    next := next + 1;
    EXIT WHEN byte < 128;
    shift := shift + 7;
  END LOOP;
END $$ LANGUAGE plpgsql IMMUTABLE;

-- Returns a field of an encoded message: a text or message as its bytes, a number as its digits.
CREATE FUNCTION trading.read_field(content bytea, wanted int) RETURNS bytea AS $$
DECLARE
  place int := 0;
  tag bigint;
  size bigint;
BEGIN
  WHILE place < length(content) LOOP
    SELECT number, next INTO tag, place FROM trading.read_number(content, place);
    CASE tag & 7
      WHEN 0 THEN
        SELECT number, next INTO size, place FROM trading.read_number(content, place);
        IF tag >> 3 = wanted THEN RETURN size::text::bytea; END IF;
      WHEN 1 THEN place := place + 8;
      WHEN 2 THEN
        SELECT number, next INTO size, place FROM trading.read_number(content, place);
        IF tag >> 3 = wanted THEN RETURN substring(content FROM place + 1 FOR size::int); END IF;
        place := place + size::int;
      WHEN 5 THEN place := place + 4;
      ELSE RAISE EXCEPTION 'an event of the log has a field of the unknown kind %', tag & 7;
    END CASE;
  END LOOP;
  RETURN NULL;
END $$ LANGUAGE plpgsql IMMUTABLE;

UPDATE trading.event
SET instrument = convert_from(trading.read_field(trading.read_field(content, 6), 3), 'UTF8'),
    client_order_id = convert_from(trading.read_field(trading.read_field(content, 6), 1), 'UTF8'),
    order_status = convert_from(trading.read_field(trading.read_field(content, 6), 4), 'UTF8')::smallint
WHERE kind = 'order';
UPDATE trading.event
SET instrument = convert_from(trading.read_field(trading.read_field(content, 7), 6), 'UTF8'),
    client_order_id = convert_from(trading.read_field(trading.read_field(content, 7), 2), 'UTF8')
WHERE kind = 'fill';
UPDATE trading.event
SET instrument = convert_from(trading.read_field(trading.read_field(content, 8), 1), 'UTF8')
WHERE kind = 'position';

DROP FUNCTION trading.read_field(bytea, int);
DROP FUNCTION trading.read_number(bytea, int);

CREATE INDEX event_by_order ON trading.event (account, client_order_id) WHERE client_order_id <> '';
CREATE INDEX event_by_time ON trading.event (event_time_ns, position);

-- The price at which a strategy decided, and orders by the time when they were made.
ALTER TABLE trading.order_state ADD COLUMN decision_price numeric;
CREATE INDEX order_by_creation
  ON trading.order_state (create_time_ns, account, client_order_id);
