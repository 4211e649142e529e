"""What a company reported in numbers, by taxonomy, concept and unit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quarterdeck_server.adapters.edgar.answers import SOURCE, mapping, part, rows
from quarterdeck_server.adapters.http.dates import days
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.marketdata.domain.filing import CompanyFact, filing_name


def company_facts(body: bytes) -> list[CompanyFact]:
    """Read every fact of a company."""
    taxonomies = part(mapping(body).get("facts"))
    return [
        _fact(taxonomy, concept, part(described), unit, rows(values))
        for taxonomy, concepts in taxonomies.items()
        for concept, described in part(concepts).items()
        for unit, values in part(part(described).get("units")).items()
    ]


def _fact(
    taxonomy: str, concept: str, described: Mapping[str, Any], unit: str, values: Sequence[Any]
) -> CompanyFact:
    try:
        ends = [value["end"] for value in values]
        return CompanyFact(
            taxonomy=taxonomy,
            concept=concept,
            label=str(described.get("label") or concept),
            unit=unit,
            start_day=days([value.get("start") or value["end"] for value in values]),
            end_day=days(ends),
            value=np.array([value["val"] for value in values], dtype=np.float64),
            filing_day=days([value["filed"] for value in values]),
            form=tuple(str(value["form"]) for value in values),
            filing=tuple(filing_name(SOURCE, value["accn"]) for value in values),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"a value of {concept!r} has no good {error}") from error
