from __future__ import annotations

import pytest

from app.base.paths import Paths
from app.commands.data_files import size_text, survey_files


def test_every_file_is_listed_with_its_size(home: Paths) -> None:
    home.journal_file.write_bytes(b"x" * 1000)
    home.journal_file.with_name("journal.db-wal").write_bytes(b"y" * 500)
    (home.layouts_dir / "day.json").write_bytes(b"z" * 7)
    sizes = {file.id: file.size_bytes for file in survey_files(home)}
    assert sizes == {
        "settings": None,
        "journal": 1500,
        "history": None,
        "layouts": 7,
        "logs": None,
    }


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [(None, "—"), (0, "0 bytes"), (1500, "1.5 kB"), (2_340_000, "2.3 MB"), (5 * 10**9, "5.00 GB")],
)
def test_sizes_are_written_for_people(size_bytes: int | None, text: str) -> None:
    assert size_text(size_bytes) == text
