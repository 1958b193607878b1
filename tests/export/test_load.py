"""A bot is told everything or nothing: whatever is off in an export is refused in one sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from simcore.strategies import CORES
from sweeps.errors import ExportError
from sweeps.export import load
from sweeps.export.files import canonical, checksum
from sweeps.export.schema import PUBLISHED, schema

Tree = dict[str, Any]


@pytest.fixture
def tree(exported: Path) -> Tree:
    read: Tree = json.loads(exported.read_text())
    return read


@pytest.fixture(scope="module")
def published() -> jsonschema.Draft202012Validator:
    read = json.loads(PUBLISHED.read_text())
    jsonschema.Draft202012Validator.check_schema(read)
    return jsonschema.Draft202012Validator(read, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def reseal(tree: Tree, path: Path) -> Path:
    """Write a tree with the checksum that belongs to it, so that only the harm itself is noticed."""
    path.write_text(canonical(tree | {"checksum": checksum(tree)}))
    return path


def objects(node: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Tree]]:
    """Every object of a tree with its place; of a list only the first item."""
    if isinstance(node, dict):
        yield place, node
        for key, value in node.items():
            yield from objects(value, (*place, key))
    elif isinstance(node, list) and node:
        yield from objects(node[0], (*place, 0))


def at(tree: Tree, place: tuple[Any, ...]) -> Any:
    for key in place:
        tree = tree[key]
    return tree


def test_the_published_schema_is_the_one_the_types_and_cores_make() -> None:
    assert json.loads(PUBLISHED.read_text()) == schema(CORES), "run python -m sweeps.export.schema > its schema.json"


def test_the_published_schema_accepts_what_is_exported(tree: Tree, published: jsonschema.Draft202012Validator) -> None:
    published.validate(tree)


FREE = {("timing", "parameters"), ("limits", "stakes")}
"""groups whose names depend on the core; neither side fixes them"""


def test_every_missing_name_is_refused_by_the_reader_and_by_the_schema(
    tree: Tree, published: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    places = [(place, key) for place, node in objects(tree) for key in node if place not in FREE and key != "checksum"]
    assert len(places) > 90
    for place, key in places:
        harmed = copy.deepcopy(tree)
        del at(harmed, place)[key]
        assert not published.is_valid(harmed), (place, key)
        with pytest.raises(ExportError, match=rf"{key}|kind|no export of a sweep|version"):
            load(reseal(harmed, tmp_path / "harmed.json"))


def test_every_unknown_name_is_refused_by_the_reader_and_by_the_schema(
    tree: Tree, published: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    for place, _ in objects(tree):
        if place in FREE:
            continue
        harmed = copy.deepcopy(tree)
        at(harmed, place)["surprise"] = "1"
        assert not published.is_valid(harmed), place
        with pytest.raises(ExportError, match="surprise"):
            load(reseal(harmed, tmp_path / "harmed.json"))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("version",), "1"),
        (("strategy", "parameters", "exit_s"), "20"),
        (("strategy", "parameters", "direction"), "sideways"),
        (("strategy", "parameters", "favourite"), -1),
        (("provenance", "trial"), 1.5),
        (("simulation", "queue", "kind"), "hopeful"),
        (("simulation", "delays", "place_ms"), -5),
        (("market_filter", "date_from"), "soon"),
        (("markets", 0, "pnl_pence"), 1.25),
        (("expected", "searched", "mean_pnl_pounds"), None),
    ],
)
def test_a_wrong_value_is_refused_by_the_reader_and_by_the_schema(
    place: tuple[Any, ...], value: Any, tree: Tree, published: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    at(tree, place[:-1])[place[-1]] = value
    assert not published.is_valid(tree)
    with pytest.raises(ExportError):
        load(reseal(tree, tmp_path / "harmed.json"))


def test_a_contradiction_only_the_core_knows_is_refused(tree: Tree, tmp_path: Path) -> None:
    tree["strategy"]["parameters"]["exit_s"] = 100.0
    with pytest.raises(ExportError, match=r"parameters of core 'daf': .*exit_s"):
        load(reseal(tree, tmp_path / "harmed.json"))


@pytest.mark.parametrize("edit", [("stake_pounds", 500.0), ("exit_s", 12.5)])
def test_a_file_edited_by_hand_is_noticed(edit: tuple[str, float], tree: Tree, tmp_path: Path) -> None:
    tree["strategy"]["parameters"][edit[0]] = edit[1]
    path = tmp_path / "edited.json"
    path.write_text(canonical(tree))
    with pytest.raises(ExportError, match=r"edited.json was changed after it was exported .*export the sweep again"):
        load(path)


HARM: dict[str, tuple[Callable[[str], str], str]] = {
    "cut short": (lambda text: text[: len(text) // 2], "is not whole JSON"),
    "empty": (lambda text: "", "is not whole JSON"),
    "a key twice": (lambda text: text.replace('"trial":', '"trials": 3,\n    "trial":'), "is there twice"),
    "a list": (lambda text: f"[{text}]", "must be one object"),
    "something else": (lambda text: '{"a": 1}', "is no export of a sweep"),
    "of tomorrow": (lambda text: text.replace('"version": 1', '"version": 2'), "is an export of version 2"),
}


@pytest.mark.parametrize("how", HARM)
def test_a_corrupt_export_is_one_sentence(how: str, exported: Path) -> None:
    harm, sentence = HARM[how]
    harmed = harm(exported.read_text())
    assert harmed != exported.read_text()
    exported.write_text(harmed)
    with pytest.raises(ExportError, match=sentence) as caught:
        load(exported)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_one_sentence(exported: Path) -> None:
    exported.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ExportError, match="is not whole JSON"):
        load(exported)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"gone.json cannot be read \(No such file or directory\)"):
        load(tmp_path / "gone.json")


def test_the_checksum_can_be_made_again_without_this_project(tree: Tree) -> None:
    import hashlib

    said = tree.pop("checksum")
    text = json.dumps(tree, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
    assert hashlib.sha256(text.encode()).hexdigest() == said
