"""`CITATION.cff`: how a release is cited, in the Citation File Format 1.2, made from what the corpus says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from corpus_kit.core.config.corpus_toml import About

CITATION = "CITATION.cff"


def citation(about: About, title: str, manifest: Mapping[str, Any]) -> str:
    """The text of a citation file, with the version and the content's hashes, so that a paper names the very rows.

    Args:
        about: the corpus: name, licence, date, where it is published.
        title: as on the card.
        manifest: of the release.
    """
    hashes = {"sha256 of the content": manifest["fingerprint"], "root over all documents and labels": manifest["root"]}
    made: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "Please cite the version and the fingerprint, since the corpus grows.",
        "type": "dataset",
        "title": title,
        "authors": [{"name": f"The makers of {about.name}"}],
        "version": about.version,
        "license": None if about.licence in ("other", "unknown") else about.licence.upper(),
        "date-released": about.date or None,
        "identifiers": [{"type": "other", "value": value, "description": what} for what, value in hashes.items()],
    }
    if about.doi:
        made["doi"] = about.doi
    if about.repo:
        made["repository"] = f"https://huggingface.co/datasets/{about.repo}"
    kept = {key: value for key, value in made.items() if value}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=1000)
