"""Which versions of `datasets` read a release: every configuration, plain and streaming, with its labels by name.

Each version lives in an environment of its own below `--environments`, which `--install` makes with pip (about 400 MB each).
Without it, the environments that are there are used.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

VERSIONS = {
    "2.14.7": ("numpy<2", "pyarrow<15", "pandas<2.2", "fsspec<2023.11", "huggingface_hub<0.20"),
    "2.19.2": ("numpy<2", "pyarrow<17", "huggingface_hub<0.26"),
    "3.6.0": (),
    "4.8.0": (),
}
"""Version → what was current with it, where newer libraries break it."""

CHECK = r"""
import glob, json, os, sys, tempfile
import datasets
release, configs = sys.argv[1], json.loads(sys.argv[2])
datasets.disable_progress_bar() if hasattr(datasets, "disable_progress_bar") else None

def names_in(feature):
    if hasattr(feature, "names"):
        return list(feature.names)
    inner = getattr(feature, "feature", None)
    return names_in(inner) if inner is not None else None

problems = []
with tempfile.TemporaryDirectory() as cache:
    for config, facts in configs.items():
        try:
            loaded = datasets.load_dataset(release, config, cache_dir=cache)
            if {k: v.num_rows for k, v in loaded.items()} != facts["rows"]:
                problems.append(f"{config}: other rows")
            features = loaded["train"].features
            for column, names in facts["names"].items():
                if names_in(features[column]) != names:
                    problems.append(f"{config}: {column} has no names")
            streamed = datasets.load_dataset(release, config, split="train", streaming=True)
            if sum(1 for _ in streamed) != facts["rows"]["train"]:
                problems.append(f"{config}: other rows streamed")
            files = sorted(glob.glob(os.path.join(release, config, "train-*.parquet")))
            alone = datasets.Dataset.from_parquet(files, cache_dir=cache)
            for column, names in facts["names"].items():
                if names_in(alone.features[column]) != names:
                    problems.append(f"{config}: from_parquet, {column} has no names")
        except Exception as e:  # whatever an old version raises is the finding; it is listed, and the others are still tried
            problems.append(f"{config}: {type(e).__name__}: {str(e)[:120]}")
print(json.dumps({"version": datasets.__version__, "problems": problems}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, default=Path("data/release"))
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "datasets-versions")
    parser.add_argument("--install", action="store_true")
    args = parser.parse_args()
    configs = described(args.release)
    failed = False
    print("| `datasets` | configurations read | problems |\n|---|---|---|")
    for version, pins in [*VERSIONS.items(), ("", ())]:
        python = Path(sys.executable) if not version else args.environments / version / "bin" / "python"
        if version and args.install and not python.exists():
            install(args.environments / version, version, pins)
        found = (
            check(python, args.release, configs) if python.exists() else {"version": version, "problems": ["missing"]}
        )
        failed |= bool(found["problems"])
        bad = {one.split(":")[0] for one in found["problems"]}
        print(
            f"| {found['version']} | {len(configs) - len(bad)} of {len(configs)} | {'; '.join(found['problems']) or '-'} |"
        )
    sys.exit(failed)


def described(release: Path) -> dict[str, dict[str, object]]:
    """config → rows of each split, and the names of each ClassLabel column as the README's YAML block has them."""
    import yaml

    front = yaml.safe_load((release / "README.md").read_text(encoding="utf-8").split("---\n", 2)[1])
    made: dict[str, dict[str, object]] = {}
    for info in front["dataset_info"]:
        names = {f["name"]: labels for f in info["features"] if (labels := labels_of(f)) is not None}
        made[info["config_name"]] = {
            "rows": {split["name"]: split["num_examples"] for split in info["splits"]},
            "names": names,
        }
    return made


def labels_of(feature: object) -> list[str] | None:
    """The names of a ClassLabel, also inside a list."""
    if not isinstance(feature, dict):
        return None
    if "class_label" in feature:
        names = feature["class_label"]["names"]
        return [names[key] for key in sorted(names, key=int)]
    return labels_of(feature.get("sequence", feature.get("dtype")))


def install(folder: Path, version: str, pins: tuple[str, ...]) -> None:
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", f"datasets=={version}", *pins], check=True)


def check(python: Path, release: Path, configs: dict[str, dict[str, object]]) -> dict[str, Any]:
    command = [str(python), "-c", CHECK, str(release.resolve()), json.dumps(configs)]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"version": str(python), "problems": [done.stderr.strip().splitlines()[-1]]}
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


if __name__ == "__main__":
    main()
