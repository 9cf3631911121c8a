"""The dataset card: human prose with generated facts between markers, and the YAML that `datasets` reads.

`DATASET_CARD.md` is the user's. Only what stands between `<!-- corpus-kit:begin NAME -->` and its end marker is ours; the
rest is kept byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from corpus_kit.core.config import LICENCES
from corpus_kit.core.config.corpus_toml import About
from corpus_kit.core.errors import ConfigError, UsageError, did_you_mean
from corpus_kit.core.reasons import REASONS
from corpus_kit.core.storage.folders import write_whole
from corpus_kit.release.card_labels import CardLabels, agreement_part, labels_part, markdown_table
from corpus_kit.release.metadata import hub_metadata

TWO_LETTERS = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg "
    "ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn "
    "no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta "
    "te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
_THREE_LETTERS = re.compile(r"[a-z]{3}")


def is_language_code(code: object) -> bool:
    """Whether it is an ISO 639-1 code or has the form of an ISO 639-3 one, of which there are some 8,000."""
    return isinstance(code, str) and (code in TWO_LETTERS or _THREE_LETTERS.fullmatch(code) is not None)


_FRONT = re.compile(r"\A---\r?\n(.*?\n)---\r?\n?", re.DOTALL)
_PART = re.compile(
    r"(?P<begin><!-- corpus-kit:begin (?P<name>[\w-]+) -->\r?\n)(?P<body>.*?)(?P<end><!-- corpus-kit:end (?P=name) -->)",
    re.DOTALL,
)
_BEGIN = re.compile(r"<!-- corpus-kit:begin ([\w-]+) -->")
_END = re.compile(r"<!-- corpus-kit:end ([\w-]+) -->")
_ANY_MARKER = re.compile(r"<!--\s*corpus-kit\b[^\n]*")
_OURS = ("configs", "dataset_info", "size_categories")
PARTS = (
    "summary",
    "structure",
    "fields",
    "splits",
    "languages",
    "sources",
    "rejected",
    "labels",
    "agreement",
    "provenance",
)

# The Hub's own size classes.
_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """front: the user's front matter. body: everything below it, with markers."""

    front: dict[str, Any]
    body: str


def parse_card(text: str, name: str, about: About) -> Card:
    """Read and check a card.

    Raises ConfigError: front matter that is no YAML mapping or that holds what we generate, a licence that is unknown or
    not the one of corpus.toml, language codes that are none, markers that are unknown, unpaired or repeated.
    """
    match = _FRONT.match(text)
    try:
        front = yaml.safe_load(match[1]) if match else {}
    except yaml.YAMLError as e:
        raise ConfigError(f"{name}: the front matter is not YAML: {str(e).splitlines()[0]}.", "Fix it.") from e
    if not isinstance(front, dict):
        raise ConfigError(f"{name}: the front matter is not a list of `key: value` lines.", "Fix it.")
    for key in _OURS:
        if key in front:
            raise ConfigError(f"{name}: `{key}` is generated.", "Remove it from the front matter.")
    licence = front.get("license")
    if licence is not None and licence not in LICENCES:
        near = did_you_mean(str(licence).lower(), sorted(LICENCES))
        raise ConfigError(f"{name}: license '{licence}' is no licence id of the Hub.{near}", "Fix the front matter.")
    if licence is not None and licence != about.licence:
        raise ConfigError(
            f"{name} says license '{licence}', corpus.toml says licence '{about.licence}'.", "Make them agree."
        )
    languages = front.get("language", [])
    for code in languages if isinstance(languages, list) else [languages]:
        # YAML reads Norwegian `no` as false.
        if not is_language_code(code):
            hint = "Write it in quotes: 'no'." if code is False else "Use ISO 639-1 or 639-3 codes: en, ru, ces."
            raise ConfigError(f"{name}: language {code!r} is no language code.", hint)
    _check_markers(text, name)
    return Card(front, text[match.end() :] if match else text)


def _check_markers(text: str, name: str) -> None:
    begun = _BEGIN.findall(text)
    for part in begun:
        if part not in PARTS:
            raise ConfigError(
                f"{name}: there is no generated part '{part}'.{did_you_mean(part, list(PARTS))}",
                f"Parts: {', '.join(PARTS)}.",
            )
        if begun.count(part) > 1:
            raise ConfigError(f"{name}: the part '{part}' begins twice.", "Keep one pair of its markers.")
    paired = {m["name"] for m in _PART.finditer(text)}
    for part in begun:
        if part not in paired:
            raise ConfigError(f"{name}: the part '{part}' has no end marker.", f"Add <!-- corpus-kit:end {part} -->.")
    for part in _END.findall(text):
        if part not in begun:  # what stands before it would never be filled in again
            sentence = f"{name}: the part '{part}' ends but does not begin."
            raise ConfigError(sentence, f"Add <!-- corpus-kit:begin {part} --> on a line of its own.")
    for marker in _ANY_MARKER.findall(text):
        if not _BEGIN.match(marker) and not _END.match(marker):
            raise ConfigError(
                f"{name}: '{marker[:60].strip()}' is no marker.", "Write <!-- corpus-kit:begin summary -->."
            )


def fill_parts(text: str, parts: Mapping[str, str]) -> str:
    """The text with every marked part replaced; outside the markers nothing changes."""

    def filled(match: re.Match[str]) -> str:
        body = parts.get(match["name"])
        if body is None:
            return match[0]
        if match["begin"].endswith("\r\n"):  # a card from an editor that ends its lines so
            body = body.replace("\n", "\r\n")
        return f"{match['begin']}{body}{match['end']}"

    return _PART.sub(filled, text)


def render_readme(
    card: Card,
    about: About,
    manifest: Mapping[str, Any],
    rejected: Mapping[str, Any],
    features: Mapping[str, list[dict[str, Any]]],
    descriptions: Mapping[str, Mapping[str, str]],
    told: CardLabels | None = None,
) -> tuple[str, dict[str, str]]:
    """README.md of the release, and the generated parts by name.

    features: config → as `dataset_info` writes them. descriptions: config → column → what it holds. told: of labels.
    """
    counts = manifest["counts"]
    front: dict[str, Any] = {"license": about.licence, "pretty_name": about.title}
    front |= {"language": [code for code in counts["language"] if code != "und"]}
    front |= hub_metadata(about, manifest, told)
    front |= {k: v for k, v in card.front.items() if v not in (None, [], "")}
    front["size_categories"] = [size_class(counts["totals"]["documents"])]
    front["configs"], front["dataset_info"] = _loading(manifest, features)
    header = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=1000)
    parts = generated_parts(about, manifest, rejected, descriptions, told)
    return f"---\n{header}---\n{fill_parts(card.body, parts)}", parts


def size_class(documents: int) -> str:
    """The Hub's class of a dataset by its rows; a bound belongs to the class above it."""
    return next((name for bound, name in _SIZES if documents < bound), "n>1B")


def _loading(manifest: Mapping[str, Any], features: Mapping[str, list[dict[str, Any]]]) -> tuple[list[Any], list[Any]]:
    """`configs` and `dataset_info`. The version is the content's fingerprint: `datasets` keys its cache on it."""
    version = manifest["dataset_version"]
    configs, infos = [], []
    for name, facts in manifest["configs"].items():
        files = [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in facts["splits"]]
        configs.append(
            {"config_name": name, "data_files": files, "version": version}
            | ({"default": True} if name == "documents" else {})
        )
        splits = [
            {"name": s, "num_bytes": sum(f["data_bytes"] for f in fs), "num_examples": sum(f["rows"] for f in fs)}
            for s, fs in facts["splits"].items()
        ]
        infos.append(
            {
                "config_name": name,
                "version": version,
                "features": features[name],
                "splits": splits,
                "download_size": sum(f["bytes"] for fs in facts["splits"].values() for f in fs),
                "dataset_size": sum(s["num_bytes"] for s in splits),
            }
        )
    return configs, infos


def generated_parts(
    about: About,
    manifest: Mapping[str, Any],
    rejected: Mapping[str, Any],
    descriptions: Mapping[str, Mapping[str, str]],
    told: CardLabels | None = None,
) -> dict[str, str]:
    """Every generated part as Markdown, by name. The same release gives the same bytes."""
    counts, totals = manifest["counts"], manifest["counts"]["totals"]
    documents = totals["documents"]
    dated = f", {about.date}" if about.date else ""
    languages = counts["language"]
    summary = (
        f"Version {about.version}{dated}: {_n(documents, 'document')}, {_n(totals['characters'], 'character')}, "
        f"{_n(len([c for c in languages if c != 'und']), 'language')}.\n"
    )
    loading = "".join(
        f'load_dataset("{about.repo or about.name}", "{name}", split="{split}")\n'
        for name, facts in manifest["configs"].items()
        for split in facts["splits"]
    )
    structure = f"```python\nfrom datasets import load_dataset\n\n{loading}```\n"
    fields = "\n".join(
        (f"`{name}`:\n\n" if len(manifest["configs"]) > 1 else "")
        + markdown_table(
            ("column", "what it holds"), [(f"`{c}`", descriptions[name].get(c) or "") for c in facts["columns"]]
        )
        for name, facts in manifest["configs"].items()
    )
    splits = markdown_table(
        ("configuration", "split", "rows"),
        [
            (name, split, f"{sum(f['rows'] for f in files):,}")
            for name, facts in manifest["configs"].items()
            for split, files in facts["splits"].items()
        ],
    )
    by_language = sorted(languages.items(), key=lambda item: (-item[1], item[0]))
    shares = [(code, f"{n:,}", f"{n / documents:.1%}") for code, n in by_language]
    sources = markdown_table(
        ("property", "value", "documents"),
        [("encoding", value, f"{n:,}") for value, n in counts["encoding"].items()]
        + [("line ends", value, f"{n:,}") for value, n in counts["newline"].items()]
        + [("headline found", "", f"{totals['with_title']:,}"), ("date found", "", f"{totals['with_date']:,}")]
        + [
            ("outlet known", "", f"{totals['with_outlet']:,}"),
            ("near-copy of another, one of each cluster not counted", "", f"{totals['duplicates']:,}"),
        ],
    )
    reasons = rejected.get("by_reason", {})
    refused = [(f"`{code}`", REASONS[code].meaning, f"{n:,}") for code, n in reasons.items()]
    provenance = (
        f"- corpus: {about.name} {about.version}\n"
        f"- made by: corpus-kit {_toolkit_version()}\n"
        f"- content fingerprint: `{manifest['fingerprint']}`\n"
        f"- root over every document and its labels: `{manifest['root']}`\n"
        f"- dataset version as `datasets` sees it: {manifest['dataset_version']}\n"
        f"- contract of `documents`: version {manifest['contract']['version']}, sha256 "
        f"`{manifest['contract']['sha256'][:16]}…`\n"
    ) + (f"- DOI: [{about.doi}](https://doi.org/{about.doi})\n" if about.doi else "")
    return {
        "summary": summary,
        "structure": structure,
        "fields": fields,
        "splits": splits,
        "languages": markdown_table(("language", "documents", "share"), shares),
        "sources": sources,
        "rejected": markdown_table(("reason", "meaning", "records"), refused)
        if refused
        else "No record was rejected.\n",
        "labels": labels_part(manifest, told),
        "agreement": agreement_part(told),
        "provenance": provenance,
    }


def _toolkit_version() -> str:
    from corpus_kit.core.version import __version__

    return __version__


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def refresh_card(card: Path, release: Path) -> bool:
    """Put the release's generated parts into the user's card; True when it changed.

    Raises UsageError when there is no release yet or no card.
    """
    try:
        readme = (release / "README.md").read_text(encoding="utf-8")
    except OSError as e:
        raise UsageError("There is no release to describe yet.", "Run `corpus-kit build` first.") from e
    try:
        text = card.read_bytes().decode("utf-8")
    except FileNotFoundError as e:
        raise UsageError(f"There is no {card}.", "Take the one that `corpus-kit init` writes.") from e
    parts = {match["name"]: match["body"] for match in _PART.finditer(readme)}
    filled = fill_parts(text, parts)
    if filled == text:
        return False
    write_whole(card, filled.encode("utf-8"))
    return True
