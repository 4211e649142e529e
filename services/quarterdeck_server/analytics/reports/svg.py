"""Pictures as SVG, to be part of a page."""

from html import escape

from quarterdeck_server.analytics.reports.picture import Anchor, Line, Mark, Picture, Point, Shape


def drawing(picture: Picture, name: str) -> str:
    """Write a picture; ``name`` is unique within the page."""
    marks = "".join(map(_mark, picture.marks))
    return (
        f'<svg role="img" aria-labelledby="{name}-t {name}-d" '
        f'viewBox="0 0 {picture.width:g} {picture.height:g}">'
        f'<title id="{name}-t">{escape(picture.title)}</title>'
        f'<desc id="{name}-d">{escape(picture.description)}</desc>{marks}</svg>'
    )


def _mark(mark: Mark) -> str:
    match mark:
        case Line(points, role, width):
            place = f'stroke-width="{width:g}" points="{_of(points)}"'
            return f'<polyline class="l {role.value}" {place}/>'
        case Shape(points, role, opacity):
            return f'<polygon class="f {role.value}" opacity="{opacity:g}" points="{_of(points)}"/>'
        case _:
            left, top = mark.place
            anchor = "" if mark.anchor is Anchor.START else f' text-anchor="{mark.anchor.value}"'
            place = f'x="{left:.2f}" y="{top:.2f}" font-size="{mark.size:g}"'
            return f'<text class="f {mark.role.value}" {place}{anchor}>{escape(mark.text)}</text>'


def _of(points: tuple[Point, ...]) -> str:
    return " ".join(f"{left:g},{top:g}" for left, top in points)
