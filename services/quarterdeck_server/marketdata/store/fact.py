"""The tables of what companies reported: values by concept and unit."""

from collections.abc import Sequence

import asyncpg
import numpy as np

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.filing import CompanyFact
from quarterdeck_server.runtime.postgres import Connection, Postgres

MOST_VALUES = 40_000
"""An answer has no pages, and must fit into a message of 4 MiB."""
PUT_CONCEPT = """
INSERT INTO marketdata.company_concept (company_id, taxonomy, concept, unit, label)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (company_id, taxonomy, concept, unit) DO UPDATE SET label = excluded.label
RETURNING id"""
PUT_VALUES = """
INSERT INTO marketdata.company_fact
  (concept_id, start_day, end_day, filing, value, filing_day, form)
SELECT DISTINCT ON (start_day, end_day, filing)
  $1::int, start_day, end_day, filing, value, filing_day, form
FROM unnest($2::int[], $3::int[], $4::text[], $5::float8[], $6::int[], $7::text[]) WITH ORDINALITY
  AS incoming (start_day, end_day, filing, value, filing_day, form, place)
ORDER BY start_day, end_day, filing, place DESC
ON CONFLICT (concept_id, end_day, start_day, filing) DO UPDATE SET
  value = excluded.value, filing_day = excluded.filing_day, form = excluded.form"""
WANTED = """
FROM marketdata.company_concept JOIN marketdata.company_fact ON concept_id = id
WHERE company_id = $1 AND ($2 = '' OR taxonomy = $2)
  AND (cardinality($3::text[]) = 0 OR concept = ANY($3))"""
COUNT = f"SELECT count(*) {WANTED}"
READ = f"""
SELECT taxonomy, concept, label, unit, {{}} {WANTED}
GROUP BY taxonomy, concept, label, unit ORDER BY taxonomy, concept, unit""".format(
    ", ".join(
        f"array_agg({name} ORDER BY start_day, end_day, filing_day, filing) AS {name}"
        for name in ("start_day", "end_day", "value", "filing_day", "form", "filing")
    )
)


async def put_facts(connection: Connection, company: int, facts: Sequence[CompanyFact]) -> None:
    """Store what a company reported; what was there is replaced."""
    for fact in facts:
        number = await connection.fetchval(
            PUT_CONCEPT, company, fact.taxonomy, fact.concept, fact.unit, fact.label
        )
        await connection.execute(
            PUT_VALUES,
            number,
            fact.start_day.tolist(),
            fact.end_day.tolist(),
            list(fact.filing),
            fact.value.tolist(),
            fact.filing_day.tolist(),
            list(fact.form),
        )


async def read_facts(
    postgres: Postgres, company: int, taxonomy: str, concepts: Sequence[str]
) -> list[CompanyFact]:
    """Return facts by taxonomy, concept and unit. Raises InvalidField if there are too many."""
    wanted = (company, taxonomy, list(concepts))
    count = await postgres.fetchval(COUNT, *wanted)
    if count > MOST_VALUES:
        problem = (
            f"must name fewer: that are {count:,} values, at most {MOST_VALUES:,} are answered"
        )
        raise InvalidField("concepts", problem)
    return [_fact(row) for row in await postgres.fetch(READ, *wanted)]


def _fact(row: asyncpg.Record) -> CompanyFact:
    return CompanyFact(
        taxonomy=row["taxonomy"],
        concept=row["concept"],
        label=row["label"],
        unit=row["unit"],
        start_day=np.array(row["start_day"], dtype=np.int64),
        end_day=np.array(row["end_day"], dtype=np.int64),
        value=np.array(row["value"], dtype=np.float64),
        filing_day=np.array(row["filing_day"], dtype=np.int64),
        form=tuple(row["form"]),
        filing=tuple(row["filing"]),
    )
