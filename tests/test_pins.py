"""`pip install -c constraints.txt -e .`, the README's other way: every package has one exact version, within its bounds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASKED = {
    extra: [Requirement(line) for line in lines]
    for extra, lines in {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}.items()
}


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [
        re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)(?:\s*;.*)?", line) for line in lines if line[:1] not in ("", "#")
    ]
    assert all(found), "a line of constraints.txt is no exact version"
    return {str(canonicalize_name(match[1])): match[2] for match in found if match}


@pytest.mark.parametrize("extra", ASKED)
def test_every_dependency_has_a_pin_within_its_bounds(extra: str) -> None:
    pinned = pins()
    for requirement in ASKED[extra]:
        if requirement.name == PROJECT["name"]:
            continue
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} has no pin"
        assert requirement.specifier.contains(version), f"{requirement} does not allow {version}"
        assert any(one.operator == "<" for one in requirement.specifier), f"{requirement} has no upper bound"


def test_no_package_is_pinned_twice() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    assert len({canonicalize_name(line.split("==")[0]) for line in lines if ";" not in line}) == len(
        [line for line in lines if ";" not in line]
    )
