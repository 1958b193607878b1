"""The published JSON Schema of an export, made from its types: `python -m sweeps.export.schema > sweeps/export/schema.json`.

The types have defaults for people who write YAML; an export leaves nothing out, so every property is required here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from simcore.strategies.base import Core
from sweeps.export.document import VERSION, Export

PUBLISHED = Path(__file__).with_name("schema.json")


def schema(cores: Mapping[str, Core]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an export; the parameters of the given cores are spelled out, those of a user's own
    core are checked by the core."""
    names = list(cores)
    refs, parts = msgspec.json.schema_components(
        [Export, *(cores[name].parameters for name in names)], ref_template="#/$defs/{name}"
    )
    chosen = [_when(name, ref, cores[name]) for name, ref in zip(names, refs[1:], strict=True)]
    _require_everything(parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Furlong export, version {VERSION}",
        "$ref": refs[0]["$ref"],
        "allOf": chosen,
        "$defs": parts,
    }


def _when(name: str, parameters: Mapping[str, Any], core: Core) -> dict[str, Any]:
    """If the core is this one, its parameters and their units are these."""
    fields = list(core.parameters.__struct_fields__)
    units = {"required": fields, "propertyNames": {"enum": fields}}
    return {
        "if": {"properties": {"strategy": {"properties": {"core": {"const": name}}}}},
        "then": {"properties": {"strategy": {"properties": {"parameters": parameters, "units": units}}}},
    }


def _require_everything(node: Any) -> None:
    """Make every named property of every object required, and drop defaults: they would be a promise nobody keeps."""
    if isinstance(node, list):
        for item in node:
            _require_everything(item)
    if not isinstance(node, dict):
        return
    if node.get("type") == "object" and "properties" in node:
        node["required"] = list(node["properties"])
        for named in node["properties"].values():
            named.pop("default", None)
    for item in node.values():
        _require_everything(item)


if __name__ == "__main__":
    from simcore.strategies import CORES

    sys.stdout.write(json.dumps(schema(CORES), indent=1, ensure_ascii=False) + "\n")
