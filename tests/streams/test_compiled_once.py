"""Whether an import has to compile first is told by what is kept on disk, and workers begin with it loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from simcore.streams import is_compiled, market, warm
from sweeps.app import importing


def test_after_one_import_the_machine_has_nothing_left_to_compile() -> None:
    warm()
    assert is_compiled()


@pytest.mark.skipif(not hasattr(market.meet_runner, "signatures"), reason="the JIT is off: nothing is ever compiled")
def test_a_machine_without_the_compiled_importer_knows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(market, "IMPORT_CACHE", str(tmp_path))
    assert not is_compiled()


@pytest.mark.parametrize("compiled", [True, False])
def test_an_import_that_compiles_says_so_before_it_counts_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compiled: bool
) -> None:
    monkeypatch.setattr(importing, "is_compiled", lambda: compiled)
    (tmp_path / "nothing").mkdir()
    told: list[str] = []
    importing.import_files(
        [tmp_path / "nothing"],
        tmp_path / "store",
        workers=1,
        progress=lambda done, total: told.append(f"{done} of {total}"),
        compiling=lambda: told.append("compiling"),
    )
    assert told == (["0 of 0"] if compiled else ["compiling", "0 of 0"])
