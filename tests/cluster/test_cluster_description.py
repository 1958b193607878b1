"""`ray-cluster.yaml` as Ray itself reads it, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

CLUSTER = Path(__file__).resolve().parents[2] / "ray-cluster.yaml"
AWS_MARK = "# ---- The same cluster on AWS"
REPLACED = ("provider", "auth", "min_workers", "max_workers")


def on_premises() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load(CLUSTER.read_text())
    return described


def on_aws() -> dict[str, Any]:
    """The file with its commented AWS keys in the place they say."""
    _, _, commented = CLUSTER.read_text().partition(AWS_MARK)
    lines = [
        line.removeprefix("#").removeprefix(" ") for line in commented.splitlines()[1:] if not line.startswith("# ----")
    ]
    kept = {key: value for key, value in on_premises().items() if key not in REPLACED}
    return kept | yaml.safe_load("\n".join(lines))


@pytest.mark.parametrize("describe", [on_premises, on_aws])
def test_rays_own_validator_accepts_the_description(describe) -> None:
    validate_config(prepare_config(describe()))


def test_rays_own_validator_would_notice_a_key_it_does_not_know() -> None:
    with pytest.raises(jsonschema.ValidationError, match="sweeps_per_night"):
        validate_config(prepare_config(on_premises() | {"sweeps_per_night": 1}))


@pytest.mark.parametrize("section", ["head_start_ray_commands", "worker_start_ray_commands"])
def test_every_node_asks_for_the_token_and_knows_where_sweeps_live(section: str) -> None:
    start = next(command for command in on_premises()[section] if "ray start" in command)
    assert "RAY_AUTH_MODE=token" in start
    assert "FURLONG_HOME=/mnt/furlong/home" in start


def test_the_head_offers_its_job_api_on_loopback_only() -> None:
    start = next(command for command in on_premises()["head_start_ray_commands"] if "ray start" in command)
    assert "--dashboard-host=127.0.0.1" in start
