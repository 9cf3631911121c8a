"""`data/release` from `data/documents`: data files, README.md, Croissant, manifest; verified before it gets its name."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.core.config.corpus_toml import About
from corpus_kit.core.errors import UsageError
from corpus_kit.core.identity import by_id, ends_shard
from corpus_kit.core.layers import Layer
from corpus_kit.core.parallel.executor import Workers
from corpus_kit.core.progress import Progress, counted
from corpus_kit.core.schema.spec import ContractFile
from corpus_kit.core.storage.folders import (
    link_or_copy,
    made_folder,
    read_manifest,
    remove,
    write_json,
    write_manifest,
)
from corpus_kit.core.storage.tables import MAX_FILE_BYTES, file_sha256
from corpus_kit.core.version import __version__
from corpus_kit.core.vocabulary import SPLITS
from corpus_kit.release.audit.root import SEAL, documents_of, label_root, seal_of
from corpus_kit.release.card import PARTS, Card, fill_parts, parse_card, render_readme
from corpus_kit.release.configs.plan import Labelling, plan_release
from corpus_kit.release.configs.spec import DOCUMENTS
from corpus_kit.release.croissant import croissant
from corpus_kit.release.datasets_subprocess import DatasetsSubprocess
from corpus_kit.release.described import FEATURES, described
from corpus_kit.release.losses import LOSSES_CSV, count_losses, refuse_losses, write_losses
from corpus_kit.release.publish.citation import CITATION, citation
from corpus_kit.release.recheck import Opened, files_of, recheck_release
from corpus_kit.release.responsible import responsible
from corpus_kit.release.shards import LOSSES_FILE, GroupTask, finished_group, make_group

_BESIDE = ("README.md", "croissant.json", CITATION, LOSSES_CSV)
"""The files beside the data; their hashes are in the manifest too."""
_DESCRIBED = 2
"""Counts up when the card or Croissant of the same release says something else."""
_SECONDS_PER_BYTE = 1 / 15e6  # what `make_group` takes, roughly, per byte of its shards


@dataclass(frozen=True, slots=True)
class ReleaseInput:
    """What a release is made from. out: the folder that holds `documents/`. card_text: DATASET_CARD.md or the default.

    layers: by name; where there are none, labels are left out. meta: the fields of `meta` that are released.
    """

    out: Path
    work: Path
    about: About
    meta: tuple[str, ...]
    contract: ContractFile
    card_text: str
    card_name: str
    layers: Mapping[str, Layer] = field(default_factory=dict)

    @property
    def settings_sha256(self) -> str:
        """Of all that the release takes from `corpus.toml`."""
        told = [asdict(self.about), self.meta, list(self.layers)]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


@dataclass(slots=True)
class Released:
    """rows: config → split → count. fingerprint, version: as on the card. unchanged: nothing had to be written.

    losses: config → reason → count of what its shape cannot carry; `losses.csv` in the release names them.
    """

    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    fingerprint: str = ""
    version: str = ""
    unchanged: bool = False
    parts: dict[str, str] = field(default_factory=dict)
    losses: dict[str, dict[str, int]] = field(default_factory=dict)


def build_release(
    source: ReleaseInput,
    target: Path,
    workers: Workers,
    progress: Progress,
    *,
    strict: bool = False,
    opened: bool = False,
    aside: DatasetsSubprocess | None = None,
) -> Released:
    """Write the release to `target`. strict: labels that a configuration cannot carry are an error, and nothing is written.

    opened: `datasets` has opened this very release when the call returns; else one of the same shape is enough, and what is
    new is read without it. aside: where `datasets` may be imported already; by default it is for this call alone.
    Raises UsageError (nothing built yet, `train` would be empty), ConfigError (the card), EnvironmentProblemError,
    FindingsError with `strict`.
    """
    documents = read_manifest(source.out / "documents")
    if documents is None:
        raise UsageError("There are no documents to release.", "Run `corpus-kit build` first.")
    card = parse_card(source.card_text, source.card_name, source.about)
    rejected = read_manifest(source.out / "rejected") or {}
    inputs = {
        "documents": documents["fingerprint"],
        "rejected": rejected.get("by_reason", {}),
        # Without the generated parts: they follow from the release and must not make it again.
        "card": hashlib.sha256(fill_parts(source.card_text, dict.fromkeys(PARTS, "")).encode()).hexdigest(),
        "corpus.toml": source.settings_sha256,
        "contract": source.contract.sha256,
        "described": _DESCRIBED,
    }
    labelling = plan_release(source.out, source.layers)
    inputs |= labelling.inputs()
    existing = read_manifest(target)
    known = Opened(source.work)
    if (
        existing
        and _by_this_toolkit(existing)
        and existing.get("inputs") == inputs
        and known.holds_files(target, existing)
    ):
        refuse_losses(existing.get("losses", {}), strict)
        if opened and not known.holds_release(target):
            with aside or DatasetsSubprocess() as opener:
                features = described(source.contract, labelling, source.work / FEATURES, opener)
                types = {name: features[name].arrow_schema for name in existing["configs"]}
                _open(target, existing, types, source.work, opener, workers, progress)
        return _summary(existing, unchanged=True)
    with aside or DatasetsSubprocess() as opener:
        how = _Writing(workers, progress, opener, strict=strict, opened=opened)
        return _write(source, target, documents, rejected, inputs, card, labelling, how)


@dataclass(frozen=True, slots=True)
class _Writing:
    """Who writes a release, and how. strict, opened: see `build_release`."""

    workers: Workers
    progress: Progress
    aside: DatasetsSubprocess
    strict: bool
    opened: bool


def _write(
    source: ReleaseInput,
    target: Path,
    documents: Mapping[str, Any],
    rejected: Mapping[str, Any],
    inputs: Mapping[str, Any],
    card: Card,
    labelling: Labelling,
    how: _Writing,
) -> Released:
    workers, progress, aside, opened = how.workers, how.progress, how.aside, how.opened
    if opened or not Opened(source.work):
        aside.start()
    features = described(source.contract, labelling, source.work / FEATURES, aside)
    schemas = {name: one.schema_bytes for name, one in features.items()}
    types = {name: one.arrow_schema for name, one in features.items()}
    groups, slices = source.work / "release", source.work / "release-labels"
    shards = [[source.out / "documents" / f["name"] for f in group] for group in _groups(documents["files"])]
    sha256 = {f["name"]: f["sha256"] for f in documents["files"]}
    tasks = [
        GroupTask(
            tuple(map(str, group)),
            tuple(sha256[path.name] for path in group),
            str(groups),
            schemas[DOCUMENTS],
            source.meta,
            labels,
        )
        for group, labels in zip(shards, labelling.tasks(source.out, slices, shards, schemas), strict=True)
    ]
    facts = _make_groups(tasks, workers, progress)
    configs = _config_files(tasks, facts)
    if "train" not in configs.get(DOCUMENTS, {}):
        raise UsageError(
            "No document is in the split 'train'.",
            "Give it a share or earlier days in [split] of corpus.toml, or documents in splits.csv.",
        )
    losses = [Path(t.folder) / t.key / LOSSES_FILE for t, f in zip(tasks, facts, strict=True) if f["losses"]]
    lost = count_losses(losses)
    refuse_losses(lost, how.strict)
    fingerprint = _fingerprint(configs)
    version = f"1.0.{int(fingerprint[:12], 16)}"
    with made_folder(target, source.work) as folder:
        for name, splits in configs.items():
            (folder / name).mkdir()
            for file in (file for files in splits.values() for file in files):
                link_or_copy(Path(file.pop("made")), folder / file["name"])
        columns = {name: types[name].names for name in configs}
        manifest = {
            "name": source.about.name,
            "release": source.about.version,
            "inputs": dict(inputs),
            "configs": {name: {"columns": columns[name], "splits": splits} for name, splits in configs.items()},
            "counts": _add_up(f["counts"] for f in facts),
            "contract": {"version": source.contract.version, "sha256": source.contract.sha256},
            "fingerprint": fingerprint,
            "dataset_version": version,
        }
        manifest["root"] = label_root(documents_of(folder, manifest))
        if labelling:
            times = _add_up(f["labels"] for f in facts)
            manifest |= {"losses": lost, "labels": {name: times[name] for name in configs if times.get(name)}}
            write_losses(folder / LOSSES_CSV, losses)
        descriptions = labelling.descriptions(source.contract)
        declared = {name: features[name].declared for name in configs}
        readme, parts = render_readme(card, source.about, manifest, rejected, declared, descriptions, labelling.told())
        (folder / "README.md").write_text(readme, encoding="utf-8", newline="\n")
        types = {name: types[name] for name in configs}
        rai = responsible(card.body, manifest, rejected.get("by_reason", {}), labelling.told(), labelling.models())
        write_json(folder / "croissant.json", croissant(card, source.about, manifest, types, descriptions, rai))
        title = str(card.front.get("pretty_name") or source.about.title)
        (folder / CITATION).write_text(citation(source.about, title, manifest), encoding="utf-8", newline="\n")
        manifest["beside"] = {name: file_sha256(folder / name) for name in _BESIDE if (folder / name).is_file()}
        manifest[SEAL] = seal_of(manifest)
        write_manifest(folder, **manifest)
        known = Opened(source.work)
        if opened or not known.holds_shape(folder, types):
            unread = None if opened else known.unread(manifest)
            _open(folder, manifest, types, source.work, aside, workers, progress, unread)
        else:
            recheck_release(folder, manifest, types, known.unread(manifest), workers)
            known.keep(folder, manifest, None)
    _sweep(groups, {t.key for t in tasks})
    if slices.is_dir():
        _sweep(slices, {Path(t.labels.folder).name for t in tasks if t.labels})
    made = _summary(manifest, unchanged=False)
    made.parts = parts
    return made


def _open(
    folder: Path,
    manifest: Mapping[str, Any],
    types: Mapping[str, pa.Schema],
    work: Path,
    aside: DatasetsSubprocess,
    workers: Workers,
    progress: Progress,
    unread: Sequence[str] | None = None,
) -> None:
    """Open a release with `datasets`, and note that it was.

    unread: the files to be read in full: by `datasets` the first of every split, the others by the workers at the same time.
    None for all of them by `datasets`.
    """
    if unread is None:
        by_datasets, others = [file["name"] for file in files_of(manifest)], set[str]()
    else:
        firsts = {files[0]["name"] for c in manifest["configs"].values() for files in c["splits"].values()}
        by_datasets, others = [name for name in unread if name in firsts], set(unread) - firsts
    # `datasets` locks its cache, which the disk of a corpus may not be able to.
    with tempfile.TemporaryDirectory(prefix="corpus-kit-datasets-") as cache, counted(progress, "verifying", 1) as step:
        opened = aside.begin("verify", "verify_release", folder, manifest, by_datasets, Path(cache))
        if unread is not None:
            recheck_release(folder, manifest, types, sorted(others), workers)
        opened()
        step.advance()
    Opened(work).keep(folder, manifest, types)


def _groups(files: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Neighbouring shards that become one file.

    The size aimed at doubles with the corpus, from 4 MB, so that a release has at most some 64 files and at most 500 MB in
    each. Where a group ends a hash says, and not the count, so that a new document moves no other group's boundary.
    """
    total = sum(f["bytes"] for f in files)
    aim = min(1 << max((total // 64).bit_length(), 22), MAX_FILE_BYTES)
    groups: list[list[dict[str, Any]]] = [[]]
    size = 0
    for file in files:
        if groups[-1] and size + file["bytes"] > MAX_FILE_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += file["bytes"]
        # A hash of its own: that of a document which ends a shard is a small number already.
        if ends_shard(by_id("", "", file["last_doc_id"], "group").doc_id, file["bytes"], aim):
            groups.append([])
            size = 0
    return [g for g in groups if g]


def _make_groups(tasks: Sequence[GroupTask], workers: Workers, progress: Progress) -> list[dict[str, Any]]:
    """The facts of every group in order."""
    facts: list[dict[str, Any] | None] = [finished_group(t) for t in tasks]
    missing = [i for i, f in enumerate(facts) if f is None]
    with counted(progress, "releasing", len(missing)) as step:
        size = sum(Path(shard).stat().st_size for i in missing for shard in tasks[i].shards)
        for number, made in workers.run(make_group, [tasks[i] for i in missing], size * _SECONDS_PER_BYTE):
            facts[missing[number]] = made
            step.advance()
    return [f for f in facts if f is not None]


def _config_files(
    tasks: Sequence[GroupTask], facts: Sequence[dict[str, Any]]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """config → split → its files in order, named as the Hub names them; what has no rows is left out."""
    names = dict.fromkeys([DOCUMENTS, *(spec.name for t in tasks[:1] if t.labels for spec in t.labels.configs)])
    made: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name in names:
        for split in SPLITS:
            having = [
                (t, f["configs"][name][split])
                for t, f in zip(tasks, facts, strict=True)
                if split in f["configs"].get(name, {})
            ]
            if having:
                made.setdefault(name, {})[split] = [
                    dict(f)
                    | {
                        "name": f"{name}/{split}-{number:05d}-of-{len(having):05d}.parquet",
                        "made": str(Path(t.folder) / t.key / name / f"{split}.parquet"),
                    }
                    for number, (t, f) in enumerate(having)
                ]
    return made


def _add_up(facts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Counter[str]] = {}
    for one in facts:
        for name, values in one.items():
            total.setdefault(name, Counter()).update(values)
    return {name: dict(sorted(values.items())) for name, values in total.items()}


def _fingerprint(configs: Mapping[str, Mapping[str, list[dict[str, Any]]]]) -> str:
    """sha256 over the content of all configurations and splits, row groups and files aside."""
    lines = [
        f"{'' if config == DOCUMENTS else config + '/'}{split} {file['fingerprint']}\n"
        for config, splits in configs.items()
        for split, files in splits.items()
        for file in files
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _by_this_toolkit(manifest: Mapping[str, Any]) -> bool:
    return bool(manifest["toolkit"] == {"name": "corpus-kit", "version": __version__})


def _summary(manifest: Mapping[str, Any], *, unchanged: bool) -> Released:
    rows = {
        config: {split: sum(f["rows"] for f in files) for split, files in facts["splits"].items()}
        for config, facts in sorted(manifest["configs"].items(), key=lambda item: (item[0] != DOCUMENTS, item[0]))
    }
    lost = {name: dict(reasons) for name, reasons in manifest.get("losses", {}).items()}
    return Released(rows, manifest["fingerprint"], manifest["dataset_version"], unchanged, losses=lost)


def _sweep(groups: Path, used: set[str]) -> None:
    for folder in groups.iterdir():
        if folder.name not in used:
            remove(folder)
