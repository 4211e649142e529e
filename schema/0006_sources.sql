-- What vendors are asked for and what they answered: live options, requests counted against quotas,
-- statistical series, filings; and jobs that go on after a restart.

-- What a live source reads; null for other sources and before it was first started.
ALTER TABLE marketdata.source
  ADD COLUMN live_instruments  text[],
  ADD COLUMN live_quotes       boolean,
  ADD COLUMN live_trades       boolean,
  ADD COLUMN live_bar_interval text,
  ADD COLUMN live_book_depth   int;

-- Requests that count against a quota: a restart must not forget what a day has used up.
CREATE TABLE marketdata.source_request (
  source  text   NOT NULL,
  time_ns bigint NOT NULL
);
CREATE INDEX ON marketdata.source_request (source, time_ns);

CREATE TABLE marketdata.series (
  id                  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name                text NOT NULL UNIQUE,       -- "series/{source}/{series}"
  title               text NOT NULL,
  unit                text NOT NULL,
  frequency           text NOT NULL,
  seasonal_adjustment text NOT NULL,
  first_day           int,                        -- days since 1970-01-01, as all below
  last_day            int,
  note                text NOT NULL,
  provenance          text NOT NULL,
  source_update_ns    bigint,
  update_ns           bigint NOT NULL,
  is_whole            boolean NOT NULL DEFAULT false  -- a backfill came to its end
);

-- One row for each value that a day ever had: the first day on which it was known.
CREATE TABLE marketdata.observation (
  series_id   int NOT NULL,
  day         int NOT NULL,
  vintage_day int NOT NULL,
  value       double precision NOT NULL,          -- NaN: the source has none
  PRIMARY KEY (series_id, day, vintage_day)
);

CREATE TABLE marketdata.company (
  id           int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text NOT NULL UNIQUE,              -- "companies/{source}/{company}"
  display_name text NOT NULL,
  instruments  text[] NOT NULL,
  is_whole     boolean NOT NULL DEFAULT false,    -- a backfill came to its end
  update_ns    bigint  NOT NULL DEFAULT 0         -- when it did
);

CREATE TABLE marketdata.filing (
  name          text NOT NULL,                    -- "filings/{source}/{accession}"
  company       text NOT NULL,                    -- some are filed by several together
  company_name  text NOT NULL,
  form          text NOT NULL,
  filing_day    int  NOT NULL,
  report_day    int,
  acceptance_ns bigint,
  description   text NOT NULL,
  document_uri  text NOT NULL,
  size_bytes    bigint NOT NULL,
  PRIMARY KEY (name, company)
);
CREATE INDEX ON marketdata.filing (filing_day, name, company);
CREATE INDEX ON marketdata.filing (company, filing_day, name);

CREATE TABLE marketdata.company_concept (
  id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  company_id int  NOT NULL,
  taxonomy   text NOT NULL,
  concept    text NOT NULL,
  label      text NOT NULL,
  unit       text NOT NULL,
  UNIQUE (company_id, taxonomy, concept, unit)
);

CREATE TABLE marketdata.company_fact (
  concept_id int  NOT NULL,
  start_day  int  NOT NULL,
  end_day    int  NOT NULL,
  filing     text NOT NULL,
  value      double precision NOT NULL,
  filing_day int  NOT NULL,
  form       text NOT NULL,
  PRIMARY KEY (concept_id, end_day, start_day, filing)
);

-- Jobs that whoever runs their kind goes on with: what was asked, and how far it is.
ALTER TABLE jobs.job
  ADD COLUMN request    text,                     -- null: the job ends with its process
  ADD COLUMN position   text NOT NULL DEFAULT '',
  ADD COLUMN request_id text NOT NULL DEFAULT '';
CREATE INDEX ON jobs.job (owner, request_id) WHERE request_id <> '';
CREATE INDEX ON jobs.job (kind) WHERE end_time IS NULL AND request IS NOT NULL;
