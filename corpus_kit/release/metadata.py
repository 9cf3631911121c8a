"""What the Hub wants to know of a dataset, in its own words, as far as the release tells; the card's own lines win.

The words are those of the Hub's dataset card specification: `annotations_creators`, `language_creators`, `multilinguality`,
`source_datasets`, `task_categories`, `task_ids`, and the questions of a dataset whose readers apply (`extra_gated_*`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpus_kit.core.config.corpus_toml import About
from corpus_kit.release.card_labels import CardLabels

_TASKS = {
    "ner_tags": ("token-classification", "named-entity-recognition"),
    "target": ("text-classification", "multi-input-text-classification"),
    "line": ("text-classification", "multi-class-classification"),
}
"""A column that only one kind of configuration has → task category and task id."""


def hub_metadata(about: About, manifest: Mapping[str, Any], told: CardLabels | None) -> dict[str, Any]:
    """Lines of the front matter that follow from the release.

    Args:
        about: The corpus.
        manifest: Of the release: counts and configurations.
        told: Of the labels; None where there are none.
    """
    languages = [code for code in manifest["counts"]["language"] if code != "und"]
    worked = any(one.get("annotations") for one in (told.agreement.get("work", []) if told else []))
    tasks = [task for facts in manifest["configs"].values() for task in _tasks(facts["columns"])]
    made: dict[str, Any] = {
        "annotations_creators": ["expert-generated"] if worked else ["no-annotation"],
        "language_creators": ["found"],
        "multilinguality": ["multilingual" if len(languages) > 1 else "monolingual"],
        "source_datasets": ["original"],
        "task_categories": list(dict.fromkeys(category for category, _ in tasks)),
        "task_ids": list(dict.fromkeys(task for _, task in tasks)),
    }
    if about.gated:
        made |= _gate(about)
    return {key: value for key, value in made.items() if value}


def _tasks(columns: Sequence[str]) -> list[tuple[str, str]]:
    return [task for column, task in _TASKS.items() if column in columns]


def _gate(about: About) -> dict[str, Any]:
    return {
        "extra_gated_heading": f"Ask for access to {about.title}",
        "extra_gated_prompt": (
            "Say who you are and what you want the data for. By asking you accept the licence, and that you will not try "
            "to find out who the annotators are, or facts about living people that the texts do not state."
        ),
        "extra_gated_fields": {
            "Name": "text",
            "Affiliation": "text",
            "Purpose": "text",
            "I accept the licence and these conditions": "checkbox",
        },
        "extra_gated_button_content": "Ask for access",
    }
