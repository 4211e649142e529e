-- What every area stands on: the audit log and the jobs.
-- The functions of schema "series" come from schema/engine/, one file for each engine.

CREATE SCHEMA audit;

CREATE TABLE audit.log (
  id      bigint PRIMARY KEY,            -- gapless
  at      timestamptz NOT NULL,
  actor   text NOT NULL,
  action  text NOT NULL,
  subject text NOT NULL,
  payload text NOT NULL,
  prev    bytea NOT NULL,
  hash    bytea NOT NULL
);
CREATE INDEX ON audit.log (actor, id);
CREATE INDEX ON audit.log (at);

-- Fixed-width parts and core functions only, so that anybody can compute it again.
CREATE FUNCTION audit.digest(prev bytea, id bigint, at timestamptz, actor text, action text, subject text, payload text)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(prev || int8send(id) || timestamptz_send(at)
                || sha256(convert_to(actor, 'UTF8')) || sha256(convert_to(action, 'UTF8'))
                || sha256(convert_to(subject, 'UTF8')) || sha256(convert_to(payload, 'UTF8')))
$$;

-- The only way in. The lock is held until the commit, so there is one open writer at a time; reading
-- the head needs READ COMMITTED, and a stale head would hit the primary key.
CREATE FUNCTION audit.append(actors text[], actions text[], subjects text[], payloads text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  i bigint; h bytea; t timestamptz;
  ids bigint[]; ats timestamptz[]; prevs bytea[]; hashes bytea[];
BEGIN
  PERFORM pg_advisory_xact_lock(7021964);
  SELECT l.id, l.hash INTO i, h FROM audit.log l ORDER BY l.id DESC LIMIT 1;
  i := coalesce(i, 0);
  h := coalesce(h, sha256('genesis'));
  FOR k IN 1 .. coalesce(array_length(actors, 1), 0) LOOP
    i := i + 1; t := clock_timestamp();
    ids[k] := i; ats[k] := t; prevs[k] := h;
    h := audit.digest(h, i, t, actors[k], actions[k], subjects[k], payloads[k]);
    hashes[k] := h;
  END LOOP;
  INSERT INTO audit.log
    SELECT * FROM unnest(ids, ats, actors, actions, subjects, payloads, prevs, hashes);
  RETURN i;
END $$;
REVOKE ALL ON FUNCTION audit.append(text[], text[], text[], text[]) FROM PUBLIC;

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit.log is append-only (%)', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON audit.log FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit.log FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
ALTER TABLE audit.log ENABLE ALWAYS TRIGGER frozen;       -- also under session_replication_role = replica
ALTER TABLE audit.log ENABLE ALWAYS TRIGGER no_truncate;

-- The first record that does not hold, or NULL when the chain is whole.
CREATE FUNCTION audit.verify(lo bigint DEFAULT 1, hi bigint DEFAULT NULL) RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT min(id) FROM (
    SELECT id, hash, prev,
           lag(hash, 1, CASE WHEN lo = 1 THEN sha256('genesis') ELSE prev END) OVER w AS wanted_prev,
           lag(id, 1, CASE WHEN lo = 1 THEN 0 ELSE id - 1 END) OVER w AS last_id,
           audit.digest(prev, id, at, actor, action, subject, payload) AS wanted_hash
    FROM audit.log
    WHERE id >= lo AND id <= coalesce(hi, 9223372036854775807)
    WINDOW w AS (ORDER BY id)
  ) chain
  WHERE prev IS DISTINCT FROM wanted_prev OR hash IS DISTINCT FROM wanted_hash OR id <> last_id + 1
$$;

CREATE SCHEMA jobs;

CREATE TABLE jobs.job (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind        text NOT NULL,
  subject     text NOT NULL,
  owner       text NOT NULL,
  state       text NOT NULL CHECK (state IN ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED')),
  progress    double precision NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
  note        text NOT NULL DEFAULT '',
  failure     text NOT NULL DEFAULT '',
  runner      uuid NOT NULL,              -- the process that runs it
  cancel_asked boolean NOT NULL DEFAULT false,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  update_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  end_time    timestamptz
);
CREATE INDEX ON jobs.job (create_time DESC, id);
CREATE INDEX ON jobs.job (runner) WHERE end_time IS NULL;
