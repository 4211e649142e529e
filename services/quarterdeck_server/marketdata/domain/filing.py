"""What companies filed with their regulator, and the values they reported."""

from dataclasses import dataclass

from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain.columns import Floats, Ints


@dataclass(frozen=True, slots=True)
class Company:
    """A company as its regulator knows it: "companies/{source}/{company}"."""

    name: str
    display_name: str
    instruments: tuple[str, ...] = ()

    @property
    def topic(self) -> str:
        """Where its filings are published."""
        return topic("filings", *self.name.split("/")[1:])


@dataclass(frozen=True, slots=True)
class Filing:
    """A document that was filed: "filings/{source}/{accession}"; days count from 1970-01-01."""

    name: str
    company: str
    company_name: str
    form: str
    filing_day: int
    report_day: int | None = None
    acceptance_time_ns: int | None = None
    description: str = ""
    document_uri: str = ""
    size_bytes: int = 0
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CompanyFact:
    """Values of one concept and unit in columns; a fact of one day starts and ends on it."""

    taxonomy: str
    concept: str
    label: str
    unit: str
    start_day: Ints
    end_day: Ints
    value: Floats
    filing_day: Ints
    form: tuple[str, ...]
    filing: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.value)


@dataclass(frozen=True, slots=True)
class FilingQuery:
    """Filings in a half-open range of days, newest first, after a position if given."""

    first_day: int
    end_day: int
    limit: int
    company: str = ""
    forms: tuple[str, ...] = ()
    position: tuple[int, str, str] | None = None


def company_name(source: str, company: str) -> str:
    """Name a company of a source, "sources/{source}"."""
    return f"companies/{source.removeprefix('sources/')}/{company}"


def filing_name(source: str, accession: str) -> str:
    """Name a filing of a source, "sources/{source}"."""
    return f"filings/{source.removeprefix('sources/')}/{accession}"
