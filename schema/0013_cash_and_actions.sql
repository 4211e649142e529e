-- Cash that moved without a fill: income has a strategy and an instrument, a transfer two accounts,
-- each with its row. Amounts have their sign.
ALTER TABLE trading.flow
  ADD COLUMN strategy text NOT NULL DEFAULT '',
  ADD COLUMN instrument text NOT NULL DEFAULT '',
  ADD COLUMN counter_account text NOT NULL DEFAULT '',
  ADD COLUMN reference text NOT NULL DEFAULT '',
  -- In the base currency of the account, at the rate that was known when it was recorded.
  ADD COLUMN base_amount numeric,
  DROP CONSTRAINT flow_pkey,
  ADD PRIMARY KEY (position, account);
UPDATE trading.flow SET amount = -amount WHERE kind = 'withdrawal';
UPDATE trading.flow SET base_amount = amount
FROM trading.account WHERE account.account = flow.account AND base_currency = currency;
CREATE INDEX flow_by_account ON trading.flow (account, event_time_ns);

-- Splits and dividends of instruments; an empty account means everybody who holds it.
CREATE TABLE trading.corporate_action (
  position bigint PRIMARY KEY,
  event_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('split', 'cash_dividend')),
  instrument text NOT NULL,
  account text NOT NULL,
  numerator numeric,
  denominator numeric,
  amount numeric,
  currency text,
  event_time_ns bigint NOT NULL
);

-- The log calls events as the contract does, and holds them as it encodes them.
ALTER TABLE trading.event DROP CONSTRAINT event_kind_check;
UPDATE trading.event SET kind = 'cash_flow', content = '' WHERE kind = 'flow';
ALTER TABLE trading.event ADD CONSTRAINT event_kind_check CHECK
  (kind IN ('order', 'fill', 'position', 'account', 'cash_flow', 'corporate_action',
            'fill_correction', 'fill_bust'));

-- Income counts beside realised profit.
ALTER TABLE trading.equity_point ADD COLUMN income double precision NOT NULL DEFAULT 0;
