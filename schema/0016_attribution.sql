-- What an instrument's issuer does, as users or sources say: by it profit is told apart.
ALTER TABLE marketdata.instrument ADD COLUMN sector text;
