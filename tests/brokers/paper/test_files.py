"""Any CSV or Parquet of bars or ticks opens; a file with one bad row is refused in words."""

from __future__ import annotations

import gzip
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from app.base.errors import UserError
from app.brokers.paper.files import open_recording
from app.brokers.paper.manifest import guessed_instrument
from app.domain.instrument import AssetClass

BARS = """timestamp,open,high,low,close,volume
2024-01-02 14:30:00,1.0,1.5,0.5,1.25,100
2024-01-02 14:31:00,1.25,1.5,1.0,1.0,50
2024-01-02 14:33:00,1.0,1.0,1.0,1.0,7
"""
FIRST_S = 1_704_205_800
QUOTED = "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in BARS.splitlines())


def written(folder: Path, text: str, name: str = "XYZ_1min.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_bars_with_a_header(tmp_path: Path) -> None:
    recording = open_recording(written(tmp_path, BARS))
    assert recording.bars is not None
    assert recording.bars.start_s.tolist() == [FIRST_S, FIRST_S + 60, FIRST_S + 180]
    assert recording.bars.close.tolist() == [1.25, 1.0, 1.0]
    assert recording.bars.volume.tolist() == [100.0, 50.0, 7.0]
    assert (recording.symbol, recording.bar_s) == ("XYZ", 60)
    assert recording.quantity_step == 1


@pytest.mark.parametrize(
    "text",
    [
        BARS.replace("timestamp", "Date/Time").replace(",open", ",Open"),
        BARS.replace(",", ";"),
        BARS.replace(",", "\t"),
        BARS.replace("timestamp", ""),
        BARS.replace(":00,", ":00Z,"),
        BARS.replace(":00,", ":00+00:00,"),
        BARS.replace(":00,", ":00.000000,"),
        BARS.replace("2024-01-02", "2024/01/02"),
        BARS.replace("2024-01-02 14:", "2024-01-02T14:"),
        BARS.replace("\n", "\n\n"),
        "\ufeff" + BARS,
        BARS.split("\n", 1)[1],
        QUOTED,
    ],
)
def test_many_spellings_of_the_same_bars(tmp_path: Path, text: str) -> None:
    bars = open_recording(written(tmp_path, text)).bars
    assert bars is not None
    assert bars.start_s.tolist() == [FIRST_S, FIRST_S + 60, FIRST_S + 180]
    assert bars.high.tolist() == [1.5, 1.5, 1.0]
    assert bars.volume.tolist() == [100.0, 50.0, 7.0]


@pytest.mark.parametrize("factor", [1, 10**3, 10**6, 10**9])
def test_epoch_times_in_any_unit(tmp_path: Path, factor: int) -> None:
    rows = "".join(f"{(FIRST_S + 60 * i) * factor},1,2,1,2,10\n" for i in range(3))
    bars = open_recording(written(tmp_path, "ts,o,h,l,c,v\n" + rows)).bars
    assert bars is not None
    assert bars.start_s.tolist() == [FIRST_S, FIRST_S + 60, FIRST_S + 120]


def test_date_and_time_in_two_columns(tmp_path: Path) -> None:
    text = (
        "Date,Time,Open,High,Low,Close\n2024-01-02,14:30:00,1,2,1,2\n2024-01-02,14:31:00,2,2,1,1\n"
    )
    bars = open_recording(written(tmp_path, text)).bars
    assert bars is not None
    assert bars.start_s.tolist() == [FIRST_S, FIRST_S + 60]
    assert bars.volume.tolist() == [0.0, 0.0]


def test_times_of_another_zone_become_utc(tmp_path: Path) -> None:
    bars = open_recording(written(tmp_path, BARS), "America/New_York").bars
    assert bars is not None
    assert bars.start_s[0] == FIRST_S + 5 * 3600


def test_daily_bars_with_a_nameless_date(tmp_path: Path) -> None:
    text = ",Open,High,Low,Close,Volume\n2004-08-19,100,104.06,95.96,100.34,22351900\n"
    text += "2004-08-20,101.01,109.08,100.5,108.31,11428600\n"
    recording = open_recording(written(tmp_path, text, "GOOG_daily.csv"))
    assert recording.bar_s == 86_400
    assert recording.tick_size == Decimal("0.01")


def test_quotes_without_a_header(tmp_path: Path) -> None:
    text = "20200101 170000065,1.121200,1.121720,0\n20200101 170010447,1.121200,1.121920,0\n"
    path = tmp_path / "EURUSD_ticks.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    recording = open_recording(path)
    assert recording.ticks is not None
    assert recording.ticks.at_s.tolist() == [1577898000.065, 1577898010.447]
    assert recording.ticks.ask.tolist() == [1.12172, 1.12192]
    assert np.isnan(recording.ticks.price).all()
    instrument = guessed_instrument(recording, "USD")
    assert (instrument.asset_class, instrument.currency) == (AssetClass.FOREX, "USD")
    assert instrument.tick_size == Decimal("0.00001")


def test_trades_with_their_aggressor(tmp_path: Path) -> None:
    text = "timestamp,trade_id,price,quantity,buyer_maker\n"
    text += "1610064000278,1,39432.48,0.000263,True\n1610064000310,2,39439.44,0.004376,False\n"
    recording = open_recording(written(tmp_path, text, "BTCUSDT_trades.csv"))
    assert recording.ticks is not None
    assert recording.ticks.aggressor.tolist() == [-1, 1]
    assert recording.ticks.size.tolist() == [0.000263, 0.004376]
    assert recording.quantity_step == Decimal("0.000001")
    assert guessed_instrument(recording, "USD").asset_class is AssetClass.CRYPTO


def test_sides_in_words(tmp_path: Path) -> None:
    text = "time,price,size,side\n2024-01-02 14:30:00,10,1,Buy\n2024-01-02 14:30:00,10,1,sell\n"
    text += "2024-01-02 14:30:01,10,1,?\n"
    ticks = open_recording(written(tmp_path, text)).ticks
    assert ticks is not None
    assert ticks.aggressor.tolist() == [1, -1, 0]


def test_parquet_of_quotes(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(
        {
            "timestamp": pyarrow.array(
                [1610064001076, 1610064001157], pyarrow.timestamp("ms", "UTC")
            ),
            "symbol": ["BTC/USDT"] * 2,
            "ask_size": [0.066851, 0.018027],
            "ask": [39433.62, 39433.6],
            "bid_size": [0.0031, 2.0],
            "bid": [39432.99, 39432.33],
        }
    )
    path = tmp_path / "quotes.parquet"
    parquet.write_table(table, path)
    recording = open_recording(path)
    assert recording.symbol == "BTCUSDT"
    assert recording.ticks is not None
    assert recording.ticks.at_s.tolist() == [1610064001.076, 1610064001.157]
    assert recording.ticks.bid_size.tolist() == [0.0031, 2.0]


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pip install 'moorgate\[parquet\]'"):
        open_recording(written(tmp_path, "x", "a.parquet"))


def test_a_parquet_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.parquet: no readable Parquet file"):
        open_recording(written(tmp_path, "nonsense", "a.parquet"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BARS.replace("1.25,100", "abc,100"), r":2: 'close' is no number: 'abc'"),
        (BARS.replace("1.0,50", "1.0,5O"), r":3: 'volume' is no number: '5O'"),
        (BARS.replace(",50\n", ",\n"), r":3: 'volume' is no number: ''"),
        (BARS.replace(",50\n", ",nan\n"), r":3: 'volume' is no number: 'nan'"),
        (BARS.replace(",1.0,1.0,7", ""), r":4: the line ends early with 3 cells"),
        (BARS.replace("0.5,1.25", "0,1.25"), r":2: the low price must be more than zero, was 0"),
        (BARS.replace("0.5,1.25", "-0.5,1.25"), r":2: the low price .* was -0.5"),
        (BARS.replace(",50\n", ",-50\n"), r":3: the volume is negative"),
        (BARS.replace("1.5,0.5", "0.4,0.5"), r":2: high 0.4 below low 0.5"),
        (BARS.replace("0.5,1.25", "0.5,1.75"), r":2: close 1.75 outside of 0.5 to 1.5"),
        (BARS.replace("14:31", "14:29"), r":3: time runs backwards"),
        (BARS.replace("14:31", "14:30"), r":3: two bars at one time"),
        (BARS.replace("2024-01-02 14:31:00", "yesterday"), r":3: 'yesterday' is no time"),
        (BARS.replace("2024-01-02 14:31:00", "2024-13-02 14:31:00"), r":3: '2024-13-02 14:31:00'"),
        (BARS.splitlines()[0] + "\n", r"there is a header and no data"),
        ("", r"the file is empty"),
        ("\n\n", r"the file is empty"),
        ("a,b\n1,2\n", r"found no time with open, high, low, close"),
        ("\nS&P 500,Last: 5,Change: -2\nDate: 1,Bid: 2,Ask: 3\nx,y,z\n", r"found no time with"),
        ("time,bid,ask\n2024-01-02 14:30:00,1.2,1.1\n", r":2: bid 1.2 above ask 1.1"),
        (
            "time,symbol,price\n2024-01-02 14:30:00,A,1\n2024-01-02 14:30:00,B,1\n",
            r"holds 2 symbols \(A, B",
        ),
    ],
)
def test_a_bad_file_is_refused_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserError, match=message) as caught:
        open_recording(path)
    assert path.name in str(caught.value)
    assert "Nothing was loaded" in str(caught.value)


def test_a_truncated_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "XYZ.csv.gz"
    path.write_bytes(gzip.compress(BARS.encode() * 50)[:-12])
    with pytest.raises(UserError, match="ends too early"):
        open_recording(path)


def test_a_damaged_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "XYZ.csv.gz"
    data = bytearray(gzip.compress(BARS.encode() * 50))
    data[20] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(UserError, match="damaged gzip file"):
        open_recording(path)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "XYZ.csv"
    path.write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(UserError, match="this is no text"):
        open_recording(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        open_recording(tmp_path / "none.csv")
