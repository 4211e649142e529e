"""What the guide says that Python answers."""

import doctest
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/performance.md"


def test_the_examples_of_the_guide_answer_as_it_says() -> None:
    text = GUIDE.read_text().replace("```", "")
    example = doctest.DocTestParser().get_doctest(text, {}, GUIDE.name, str(GUIDE), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(example).failed == 0
    assert runner.tries > 10
