"""Boilerplate in plain text: which lines of a page are menus, teasers, comments and footers rather than its article."""

from __future__ import annotations

from corpus_kit.suggest.boilerplate.model import BoilerplateModel
from corpus_kit.suggest.boilerplate.records import LABELS, BoilerplateSpan, LineScore
from corpus_kit.suggest.boilerplate.retrain import retrain
from corpus_kit.suggest.boilerplate.spans import main_text

__all__ = ["LABELS", "BoilerplateModel", "BoilerplateSpan", "LineScore", "main_text", "retrain"]
