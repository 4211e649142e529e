"""Pictures on pages of a PDF, as lines and shapes."""

from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from quarterdeck_server.analytics.reports import palette
from quarterdeck_server.analytics.reports.fonts import PLAIN, written
from quarterdeck_server.analytics.reports.picture import (
    Anchor,
    Line,
    Picture,
    Point,
    Shape,
    Words,
)

COLOURS = {role: HexColor(colour) for role, colour in palette.COLOURS.items()}
ROUND = 1


class Drawing(Flowable):
    """A picture in the flow of a page."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.width, self.height = picture.width, picture.height
        self._picture = picture

    def draw(self) -> None:
        """Draw the marks; a page's origin is its lower left corner."""
        canvas: Canvas = self.canv
        canvas.setLineJoin(ROUND)
        for mark in self._picture.marks:
            match mark:
                case Line():
                    self._line(canvas, mark)
                case Shape():
                    self._shape(canvas, mark)
                case Words():
                    self._words(canvas, mark)

    def _line(self, canvas: Canvas, line: Line) -> None:
        canvas.setStrokeColor(COLOURS[line.role])
        canvas.setLineWidth(line.width)
        self._trace(canvas, line.points, fills=False)

    def _shape(self, canvas: Canvas, shape: Shape) -> None:
        canvas.setFillColor(COLOURS[shape.role], alpha=shape.opacity)
        self._trace(canvas, shape.points, fills=True)
        canvas.setFillAlpha(1)

    def _trace(self, canvas: Canvas, points: tuple[Point, ...], *, fills: bool) -> None:
        path = canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for left, top in points[1:]:
            path.lineTo(left, self.height - top)
        if fills:
            path.close()
        canvas.drawPath(path, stroke=int(not fills), fill=int(fills))

    def _words(self, canvas: Canvas, words: Words) -> None:
        canvas.setFont(PLAIN, words.size)
        canvas.setFillColor(COLOURS[words.role])
        place = (words.place[0], self.height - words.place[1], written(words.text))
        match words.anchor:
            case Anchor.START:
                canvas.drawString(*place)
            case Anchor.MIDDLE:
                canvas.drawCentredString(*place)
            case Anchor.END:
                canvas.drawRightString(*place)
