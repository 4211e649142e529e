"""A document as one HTML file: no script, no font, no picture from elsewhere."""

from html import escape

from quarterdeck_server.analytics.reports import palette
from quarterdeck_server.analytics.reports.page import (
    Align,
    Block,
    Column,
    Document,
    Fact,
    Figures,
    Row,
    Section,
    Table,
    Text,
)
from quarterdeck_server.analytics.reports.picture import Picture
from quarterdeck_server.analytics.reports.svg import drawing

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Even a text that was not escaped could load and run nothing."""
STYLE = f"""
:root {{ color-scheme: light; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 2rem 1.5rem; color: {palette.INK};
  background: {palette.PAPER}; font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }}
h1 {{ margin: 0; font-size: 1.7rem; overflow-wrap: anywhere; }}
h2 {{ margin: 2rem 0 .6rem; font-size: 1.1rem; border-bottom: 1px solid {palette.RULE}; }}
header p {{ margin: .2rem 0 1rem; color: {palette.MUTED}; }}
dl.about {{ display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0;
  font-size: .85rem; }}
dl.about div {{ display: contents; }}
dl.about dt, dl.key dt {{ color: {palette.MUTED}; }}
dl.about dd {{ margin: 0; overflow-wrap: anywhere; }}
dl.key {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .6rem;
  margin: 0; }}
dl.key div {{ padding: .5rem .7rem; background: {palette.SHADE}; border-radius: 4px; }}
dl.key dt {{ font-size: .8rem; }}
dl.key dd {{ margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }}
figure {{ margin: .8rem 0; break-inside: avoid; overflow-x: auto; }}
figcaption, p.note {{ margin: .2rem 0 0; font-size: .8rem; color: {palette.MUTED}; }}
svg {{ display: block; width: 100%; min-width: 32rem; height: auto; font-family: inherit; }}
.wide {{ overflow-x: auto; }}
table {{ width: 100%; border-collapse: collapse; font-size: .82rem;
  font-variant-numeric: tabular-nums; }}
caption {{ text-align: left; font-weight: 600; padding: .6rem 0 .3rem; }}
th, td {{ padding: .22rem .4rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid {palette.RULE}; }}
thead th {{ color: {palette.MUTED}; font-weight: 600; }}
tbody th {{ font-weight: 500; }}
th.r, td.r {{ text-align: right; white-space: nowrap; }}
footer {{ margin-top: 2rem; font-size: .75rem; color: {palette.MUTED}; overflow-wrap: anywhere; }}
.l {{ fill: none; stroke-linejoin: round; }}
@media print {{
  @page {{ size: A4; margin: 15mm; }}
  html {{ font-size: 8.5pt; }}
  body {{ padding: 0; max-width: none; font-size: 8.5pt; line-height: 1.3; }}
  h2 {{ margin-top: 1rem; }}
  dl.key {{ grid-template-columns: repeat(4, 1fr); }}
  th, td {{ padding: .15rem .4rem; }}
  section.page {{ break-before: page; }}
  * {{ print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  tr, dl.key div {{ break-inside: avoid; }}
  thead {{ display: table-header-group; }}
  .wide {{ overflow: visible; }}
}}
"""


def render(document: Document) -> bytes:
    """Write a document."""
    title = escape(document.title)
    body = "\n".join(_section(place, one) for place, one in enumerate(document.sections))
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{title}</title>
<style>{STYLE}{_colours()}</style>
</head>
<body>
<header><h1>{title}</h1><p>{escape(document.subtitle)}</p>
{_list("about", document.about)}</header>
<main>
{body}
</main>
<footer>{escape(document.footer)}</footer>
</body>
</html>
"""
    return page.encode()


def _colours() -> str:
    marks = (
        f".l.{role.value} {{ stroke: {colour}; }} .f.{role.value} {{ fill: {colour}; }}"
        for role, colour in palette.COLOURS.items()
    )
    steps = [*range(-palette.STEPS, 0), *range(1, palette.STEPS + 1)]
    tones = (f".{_tone(step)} {{ background: {palette.background(step)}; }}" for step in steps)
    return "\n".join((*marks, *tones))


def _section(place: int, section: Section) -> str:
    kind = ' class="page"' if section.begins_page else ""
    blocks = (_block(f"c{place}-{at}", one) for at, one in enumerate(section.blocks))
    return (
        f"<section{kind}>\n<h2>{escape(section.title)}</h2>\n" + "\n".join(blocks) + "\n</section>"
    )


def _block(name: str, block: Block) -> str:
    match block:
        case Figures(facts):
            return _list("key", facts)
        case Table():
            return _table(block)
        case Picture(description=description):
            words = f"<figcaption>{escape(description)}</figcaption>"
            return f"<figure>{drawing(block, name)}{words}</figure>"
        case Text(text):
            return f'<p class="note">{escape(text)}</p>'


def _list(kind: str, facts: tuple[Fact, ...]) -> str:
    pairs = (f"<div><dt>{escape(one.name)}</dt><dd>{escape(one.value)}</dd></div>" for one in facts)
    return f'<dl class="{kind}">{"".join(pairs)}</dl>'


def _table(table: Table) -> str:
    caption = f"<caption>{escape(table.title)}</caption>" if table.title else ""
    head = "".join(map(_head, table.columns))
    rows = "\n".join(_row(table.columns, row) for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>{note}"
    )


def _head(column: Column) -> str:
    # A head without words names nothing, so it is a plain cell.
    if not column.title:
        return "<td></td>"
    return f'<th scope="col"{_kinds(column)}>{escape(column.title)}</th>'


def _row(columns: tuple[Column, ...], row: Row) -> str:
    first = f'<th scope="row"{_kinds(columns[0])}>{escape(row[0].text)}</th>'
    cells = (
        f"<td{_kinds(column, cell.tone)}>{escape(cell.text)}</td>"
        for column, cell in zip(columns[1:], row[1:], strict=True)
    )
    return f"<tr>{first}{''.join(cells)}</tr>"


def _kinds(column: Column, tone: float = 0.0) -> str:
    """Write the attribute that tells a cell's side and tone, if there is anything to tell."""
    side = ["r"] if column.align is Align.RIGHT else []
    step = palette.step(tone)
    names = [*side, _tone(step)] if step else side
    return f' class="{" ".join(names)}"' if names else ""


def _tone(step: int) -> str:
    return f"{'g' if step > 0 else 'b'}{abs(step)}"
