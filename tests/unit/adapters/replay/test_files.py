"""Files of the user: read exactly, or refused with the place that is wrong."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.marketdata.batches import NOW_NS

from quarterdeck_server.adapters.replay.calendar import close_of
from quarterdeck_server.adapters.replay.errors import FileInvalid
from quarterdeck_server.adapters.replay.files import read_file
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.time import ns_from_datetime

HEADER = "date,open,high,low,close,volume"
GOOD = [HEADER, "2004-01-02,10,11,9,10.5,100", "2004-01-05,10,11,9,10.25,200"]
NAME = "TEST.XNAS"
FIRST_DAY = date(2004, 1, 2).toordinal() - date(1970, 1, 1).toordinal()


def read(folder, lines, name="a.csv", instrument=NAME):
    text = "\n".join(lines) if isinstance(lines, list) else lines
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(folder, name, instrument, NOW_NS)


def changed(row, text):
    return [*GOOD[:row], text, *GOOD[row + 1 :]]


WRONG = {
    "no header": ("", None, None),
    "no rows": ([HEADER], "1", None),
    "missing column": (["date,open,high,low,close", "2004-01-02,1,1,1,1"], "1", "volume"),
    "no time": (["open,high,low,close,volume", "1,1,1,1,1"], "1", "time"),
    "column twice": (["date,open,open,high,low,close,volume", "x,1,1,1,1,1,1"], "1", "open"),
    "not a number": (changed(2, "2004-01-05,10,11,9,ten,200"), "3", "close"),
    "empty": (changed(2, "2004-01-05,10,11,,10,200"), "3", "low"),
    "NaN": (changed(1, "2004-01-02,10,nan,9,10,200"), "2", "high"),
    "infinite": (changed(2, "2004-01-05,10,11,9,10,inf"), "3", "volume"),
    "high below low": (changed(2, "2004-01-05,10,8,9,10,200"), "3", "high"),
    "close outside": (changed(2, "2004-01-05,10,11,9,12,200"), "3", "close"),
    "negative volume": (changed(2, "2004-01-05,10,11,9,10,-1"), "3", "volume"),
    "price of zero": (changed(2, "2004-01-05,0,11,0,10,1"), "3", "low"),
    "not a date": (changed(2, "05/01/2004,10,11,9,10,1"), "3", "date"),
    "far future": (changed(2, "2300-01-05,10,11,9,10,1"), "3", "date"),
    "future": ([*GOOD, "2100-01-05,10,11,9,10,1"], "4", "date"),
    "same day twice": (changed(2, "2004-01-02,10,11,9,10,1"), "3", "date"),
    "back in time": (changed(2, "2004-01-01,10,11,9,10,1"), "3", "date"),
    "too few columns": (changed(2, "2004-01-05,10,11,9,10"), "3", None),
    "blank lines are counted": ([HEADER, "", GOOD[1], "", "2004-01-05,1,1,1,x,1"], "5", "close"),
    "broken quotes": (changed(2, '2004-01-05,"10,11,9,10,1'), "3", None),
    "not UTF-8": (b"date,open\n2004-01-02,\xff\n", "2", None),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_csv_names_row_and_column(tmp_path, what):
    content, row, column = WRONG[what]
    with pytest.raises(FileInvalid) as caught:
        read(tmp_path, content)
    place = caught.value.metadata
    assert (place["file"], place.get("row"), place.get("column")) == ("a.csv", row, column)
    assert place["field"] == "replay.dataset"


def test_a_good_csv_is_read_exactly(tmp_path):
    data = read(tmp_path, ["\ufeff" + GOOD[0].upper(), *GOOD[1:]])
    [bars] = data.series
    assert (bars.instrument, bars.interval) == (NAME, "1d")
    assert list(bars.close) == [10.5, 10.25]
    assert bars.close_time_ns[0] == close_of(FIRST_DAY)


def test_a_file_may_hold_several_instruments(tmp_path):
    rows = ["2004-01-02,1,1,1,1,1,B.XNAS", "2004-01-02,2,2,2,2,1,A.XNAS"]
    data = read(tmp_path, [f"{HEADER},instrument", *rows], instrument="")
    assert [(bars.instrument, bars.close[0]) for bars in data.series] == [
        ("A.XNAS", 2),
        ("B.XNAS", 1),
    ]


def test_a_wrong_instrument_is_named_by_row(tmp_path):
    rows = ["2004-01-02,1,1,1,1,1,B.XNAS", "2004-01-02,2,2,2,2,1,nonsense"]
    with pytest.raises(FileInvalid) as caught:
        read(tmp_path, [f"{HEADER},instrument", *rows])
    assert caught.value.metadata["row"] == "3"
    assert caught.value.metadata["column"] == "instrument"


def test_the_row_is_that_of_the_file_when_instruments_are_mixed(tmp_path):
    rows = [f"2004-01-0{day},1,1,1,1,1,{name}.XNAS" for day in (2, 5, 5) for name in "AB"]
    with pytest.raises(FileInvalid) as caught:
        read(tmp_path, [f"{HEADER},instrument", *rows])
    assert caught.value.metadata["row"] == "6"


def test_without_a_column_the_instrument_must_be_given(tmp_path):
    with pytest.raises(InvalidField, match=r"replay\.instrument"):
        read(tmp_path, GOOD, instrument="")


@pytest.mark.parametrize(
    ("times", "interval"),
    [
        (("2024-01-02T14:31:00Z", "2024-01-02T14:32:00+00:00"), "1m"),
        (("2024-01-02 15:00:00", "2024-01-02 17:00:00"), "2h"),
        (("2024-01-02", "2024-01-09"), "7d"),
    ],
)
def test_the_shortest_step_is_the_interval(tmp_path, times, interval):
    lines = ["time,open,high,low,close,volume", *(f"{time},1,1,1,1,1" for time in times)]
    assert read(tmp_path, lines).series[0].interval == interval


@pytest.mark.parametrize("name", ["../a.csv", "/etc/passwd", "link.csv", "a.txt", "b.csv", "."])
def test_only_files_of_the_folder_are_read(tmp_path, name):
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "a.csv").write_text("\n".join(GOOD))
    (folder / "link.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(FileInvalid):
        read_file(folder, name, NAME, NOW_NS)


def test_without_a_folder_there_is_no_file():
    with pytest.raises(FileInvalid, match="no replay folder"):
        read_file(None, "a.csv", NAME, NOW_NS)


def parquet(folder, **columns):
    values = {name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}
    pa.parquet.write_table(pa.table(columns | {**values, **columns}), folder / "a.parquet")
    return read_file(folder, "a.parquet", NAME, NOW_NS)


MOMENTS = [datetime(2024, 1, 2, 15, tzinfo=UTC), datetime(2024, 1, 2, 16, tzinfo=UTC)]


@pytest.mark.parametrize(
    "times",
    [
        MOMENTS,
        pa.array(MOMENTS, pa.timestamp("ms")),
        [ns_from_datetime(moment) for moment in MOMENTS],
        [moment.isoformat() for moment in MOMENTS],
    ],
)
def test_a_parquet_file_may_hold_its_times_in_several_ways(tmp_path, times):
    [bars] = parquet(tmp_path, time=times).series
    assert list(bars.close_time_ns) == [ns_from_datetime(moment) for moment in MOMENTS]


def test_a_date_in_parquet_is_its_close(tmp_path):
    [bars] = parquet(tmp_path, date=[date(2004, 1, 2), date(2004, 1, 5)]).series
    assert bars.close_time_ns[0] == close_of(FIRST_DAY)


@pytest.mark.parametrize(
    ("columns", "row", "column"),
    [
        ({"close": [1.0, None]}, "2", "close"),
        ({"close": [1.0, float("nan")]}, "2", "close"),
        ({"close": [b"x", b"y"]}, "1", "close"),
        ({"close": ["1", "y"]}, "2", "close"),
        ({"time": [True, False]}, "1", "time"),
        ({"time": [MOMENTS[0], None]}, "2", "time"),
    ],
)
def test_a_wrong_parquet_names_row_and_column(tmp_path, columns, row, column):
    with pytest.raises(FileInvalid) as caught:
        parquet(tmp_path, **{"time": MOMENTS, **columns})
    assert (caught.value.metadata["row"], caught.value.metadata["column"]) == (row, column)


def test_what_is_no_parquet_file_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(FileInvalid, match="no Parquet file"):
        read_file(tmp_path, "a.parquet", NAME, NOW_NS)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_typed_error(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("any")
    with pytest.raises(FileInvalid):
        read(folder, HEADER.encode() + b"\n" + content)
