"""The tables of companies, filings and reported facts."""

from collections.abc import Sequence

import asyncpg

from quarterdeck_server.kernel.errors import NotFound
from quarterdeck_server.marketdata.domain.filing import Company, CompanyFact, Filing, FilingQuery
from quarterdeck_server.marketdata.ports import Announce
from quarterdeck_server.marketdata.store.fact import put_facts, read_facts
from quarterdeck_server.marketdata.store.refusal import refusing
from quarterdeck_server.runtime.postgres import Postgres

COLUMNS = """name, company, company_name, form, filing_day, report_day, acceptance_ns, description,
  document_uri, size_bytes"""
EXCLUDED = ", ".join(f"excluded.{name.strip()}" for name in COLUMNS.split(","))
PUT_COMPANY = """
INSERT INTO marketdata.company (name, display_name, instruments) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET (display_name, instruments) = ($2, $3)
RETURNING id, is_whole"""
# A row that is new was never updated: its xmax is 0.
PUT_FILINGS = f"""
INSERT INTO marketdata.filing AS known ({COLUMNS})
SELECT DISTINCT ON (name, company) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
  $5::int[], $6::int[], $7::bigint[], $8::text[], $9::text[], $10::bigint[])
  AS incoming ({COLUMNS})
ON CONFLICT (name, company) DO UPDATE SET ({COLUMNS}) = ({EXCLUDED})
RETURNING name, xmax = 0 AS is_new"""  # noqa: S608 - a constant
QUALIFIED = ", ".join(f"filing.{name.strip()}" for name in COLUMNS.split(","))
READ = f"""
SELECT {QUALIFIED}, company.instruments FROM marketdata.filing
JOIN marketdata.company ON company.name = filing.company"""  # noqa: S608 - a constant
LIST = f"""{READ}
WHERE filing_day >= $1 AND filing_day < $2
  AND ($3 = '' OR filing.company = $3) AND (cardinality($4::text[]) = 0 OR form = ANY($4))
  AND ($5::int IS NULL OR (filing_day, filing.name, filing.company) < ($5, $6, $7))
ORDER BY filing_day DESC, filing.name DESC, filing.company DESC LIMIT $8"""


class PostgresFilingStore:
    """Keeps filings and the facts that companies reported."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def put(
        self,
        company: Company,
        filings: Sequence[Filing],
        facts: Sequence[CompanyFact],
        announce: Announce[Sequence[Filing]],
    ) -> None:
        """Store what is new, and announce new filings before they count as stored.

        Of a company that was never read to its end nothing is announced: it is all new.
        """
        with refusing(company.name):
            await self._put(company, filings, facts, announce)

    async def _put(
        self,
        company: Company,
        filings: Sequence[Filing],
        facts: Sequence[CompanyFact],
        announce: Announce[Sequence[Filing]],
    ) -> None:
        async with self._postgres.transaction() as connection:
            values = (company.name, company.display_name, list(company.instruments))
            row = await connection.fetchrow(PUT_COMPANY, *values)
            if row is None:
                raise AssertionError("an upsert returns its row")
            stored = await connection.fetch(PUT_FILINGS, *_columns(filings))
            await put_facts(connection, row["id"], facts)
            new = {each["name"] for each in stored if each["is_new"]}
            if row["is_whole"] and new:
                # Regulators list the newest first; readers get them as they came to be.
                await announce([filing for filing in reversed(filings) if filing.name in new])

    async def finish(self, name: str, now_ns: int) -> None:
        """Note that a company was read to its end: what comes from now on is news."""
        await self._postgres.execute(
            "UPDATE marketdata.company SET is_whole = true, update_ns = $2 WHERE name = $1",
            name,
            now_ns,
        )

    async def stale(self, source: str, before_ns: int) -> list[str]:
        """Return the regulator's identifiers of whole companies last read before a time."""
        rows = await self._postgres.fetch(
            """SELECT name FROM marketdata.company
               WHERE starts_with(name, $1) AND is_whole AND update_ns < $2 ORDER BY name""",
            f"companies/{source.removeprefix('sources/')}/",
            before_ns,
        )
        return [row["name"].rpartition("/")[2] for row in rows]

    async def get(self, name: str) -> Filing:
        """Return a filing. Raises NotFound."""
        sql = f"{READ} WHERE filing.name = $1 ORDER BY filing.company LIMIT 1"
        row = await self._postgres.fetchrow(sql, name)
        if row is None:
            raise NotFound("filing", name)
        return _filing(row)

    async def facts(
        self, company: str, taxonomy: str, concepts: Sequence[str]
    ) -> list[CompanyFact]:
        """Return facts by taxonomy, concept and unit. Raises NotFound, InvalidField if too many."""
        number = await self._postgres.fetchval(
            "SELECT id FROM marketdata.company WHERE name = $1", company
        )
        if number is None:
            raise NotFound("company", company)
        return await read_facts(self._postgres, number, taxonomy, concepts)

    async def list(self, query: FilingQuery) -> list[Filing]:
        """Return filings, newest first."""
        rows = await self._postgres.fetch(
            LIST,
            query.first_day,
            query.end_day,
            query.company,
            list(query.forms),
            *(query.position or (None, None, None)),
            query.limit,
        )
        return [_filing(row) for row in rows]


def _columns(filings: Sequence[Filing]) -> list[list[object]]:
    rows = [
        (
            filing.name,
            filing.company,
            filing.company_name,
            filing.form,
            filing.filing_day,
            filing.report_day,
            filing.acceptance_time_ns,
            filing.description,
            filing.document_uri,
            filing.size_bytes,
        )
        for filing in filings
    ]
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(10)]


def _filing(row: asyncpg.Record) -> Filing:
    values = dict(row)
    instruments = tuple(values.pop("instruments"))
    accepted_ns = values.pop("acceptance_ns")
    return Filing(**values, acceptance_time_ns=accepted_ns, instruments=instruments)
