-- Who may do what: principals, their credentials, their sessions. Owned by the auth area alone.
-- Every secret is kept as a hash.

CREATE SCHEMA auth;

CREATE TABLE auth.principal (
  id            text PRIMARY KEY,
  display_name  text NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('PERSON', 'MACHINE')),
  roles         text[] NOT NULL,
  accounts      text[] NOT NULL,
  strategies    text[] NOT NULL,
  password_hash text,                     -- argon2id; absent until a person has a password
  seed_hash     text,                     -- of the seed's password, to see when the seed changes
  disable_time  timestamptz,
  version       bigint NOT NULL DEFAULT 1,
  create_time   timestamptz NOT NULL,
  CHECK (kind = 'PERSON' OR password_hash IS NULL)
);
CREATE INDEX ON auth.principal (disable_time) WHERE disable_time IS NOT NULL;

CREATE TABLE auth.api_key (
  id            text PRIMARY KEY,
  principal     text NOT NULL REFERENCES auth.principal,
  display_name  text NOT NULL,
  prefix        text NOT NULL,
  secret_hash   bytea NOT NULL,           -- sha256 of 256 random bits
  lifetime      interval,                 -- as asked for at its creation; a successor gets the same
  from_seed     boolean NOT NULL DEFAULT false,
  create_time   timestamptz NOT NULL,
  expire_time   timestamptz,
  revoke_time   timestamptz,
  last_use_time timestamptz
);
CREATE INDEX ON auth.api_key (principal, id);

-- A sign-in and everything renewed from it.
CREATE TABLE auth.session (
  id          text PRIMARY KEY,
  principal   text NOT NULL REFERENCES auth.principal,
  api_key     text REFERENCES auth.api_key,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,       -- it cannot be renewed beyond
  revoke_time timestamptz                 -- in the future while a rotated key still works
);
CREATE INDEX ON auth.session (principal);
CREATE INDEX ON auth.session (api_key) WHERE api_key IS NOT NULL;
CREATE INDEX ON auth.session (revoke_time) WHERE revoke_time IS NOT NULL;
CREATE INDEX ON auth.session (expire_time);

-- Used ones stay until their session is forgotten: seeing one again proves a theft.
CREATE TABLE auth.refresh_token (
  hash     bytea PRIMARY KEY,             -- sha256 of 256 random bits
  session  text NOT NULL REFERENCES auth.session ON DELETE CASCADE,
  use_time timestamptz
);
CREATE INDEX ON auth.refresh_token (session);

-- Failed sign-ins since the last success, by the name that was tried, whether it exists or not.
CREATE TABLE auth.failure (
  principal    text PRIMARY KEY,
  count        integer NOT NULL,
  last_time    timestamptz NOT NULL
);
CREATE INDEX ON auth.failure (last_time);

-- Requests that were carried out, so that repeating one does nothing.
CREATE TABLE auth.request (
  caller      text NOT NULL,
  id          text NOT NULL,
  digest      bytea NOT NULL,
  principal   text NOT NULL REFERENCES auth.principal,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (caller, id)
);
CREATE INDEX ON auth.request (create_time);
