-- Orders that are filled and unknown are looked for each second: their first fills must be found at once.

CREATE INDEX fill_by_order ON trading.fill (account, instrument, client_order_id, position);
