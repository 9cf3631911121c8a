"""Each list of choices is in one place: what the command line, the settings and the code take comes from it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import click
import polars as pl
import pytest

import corpus_kit
from corpus_kit.agreement.gold.policy import RULES
from corpus_kit.agreement.measures.records import AgreementFigure
from corpus_kit.cli.main import cli
from corpus_kit.core import measures
from corpus_kit.core import vocabulary as words
from corpus_kit.core.config.people import AdjudicationSettings
from corpus_kit.core.exchange import FEATURES
from corpus_kit.core.exports import EXPORTS
from corpus_kit.core.measures import BY_NAME


def option(command: str, name: str) -> click.Option:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    return next(one for one in found.params if isinstance(one, click.Option) and name in one.opts)


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (words.PolicyName, words.POLICY_HELP),
        (words.BoundaryName, words.BOUNDARY_HELP),
        (words.OrderName, words.ORDER_HELP),
    ],
)
def test_the_type_of_a_word_and_its_table_name_the_same(kind: object, table: dict[str, str]) -> None:
    assert get_args(kind) == tuple(table)


@pytest.mark.parametrize(
    ("command", "name", "table"),
    [
        ("adjudicate", "--policy", words.POLICY_HELP),
        ("adjudicate", "--boundary", words.BOUNDARY_HELP),
        ("push", "--order", words.ORDER_HELP),
    ],
)
def test_the_help_of_an_option_says_what_each_word_does(command: str, name: str, table: dict[str, str]) -> None:
    told = option(command, name).help or ""
    for word, meaning in table.items():
        assert f"{word}: {meaning}" in told


def test_the_settings_say_what_each_policy_and_boundary_does() -> None:
    for key, table in (("policy", words.POLICY_HELP), ("boundary", words.BOUNDARY_HELP)):
        told = AdjudicationSettings.model_fields[key].description or ""
        assert all(f"{word}: {meaning}" in told for word, meaning in table.items())


def test_every_policy_has_a_rule() -> None:
    assert tuple(RULES) == words.POLICIES


# Votes for something, of all votes: settled, else for people to settle. Read off the definitions by hand.
@pytest.mark.parametrize(
    ("policy", "passed", "contested"),
    [
        ("majority", {(2, 3), (2, 2), (3, 4), (1, 1)}, {(1, 2), (2, 4)}),
        ("dawid-skene", {(2, 3), (2, 2), (3, 4), (1, 1)}, {(1, 2), (2, 4)}),
        ("unanimous", {(2, 2), (1, 1)}, {(2, 3), (3, 4), (1, 2), (2, 4), (1, 3), (1, 4)}),
        ("reviewer", set(), {(2, 3), (2, 2), (3, 4), (1, 1), (1, 2), (2, 4), (1, 3), (1, 4)}),
    ],
)
def test_a_rule_settles_what_its_name_says(policy: str, passed: set[object], contested: set[object]) -> None:
    votes = [(1, 1), (1, 2), (2, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4)]
    rule = RULES[policy]
    assert {pair for pair in votes if rule.passed(*pair)} == passed
    assert {pair for pair in votes if rule.contested(*pair)} - passed == contested
    table = pl.DataFrame(votes, schema=["n", "of"], orient="row")
    assert set(table.filter(rule.passed(pl.col("n"), pl.col("of"))).rows()) == passed
    assert set(table.filter(rule.contested(pl.col("n"), pl.col("of"))).rows()) - passed == contested


def measures_in_the_source() -> set[str]:
    """Every name of the table that a module of `agreement/measures` writes, whole or as the end of an f-string."""
    folder = Path(corpus_kit.__file__).parent / "agreement" / "measures"
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    families = {"alpha_": '"alpha_{grid.level}"', "kappa_": '"kappa_{name}"'}
    assert all(family in source for family in families.values())
    whole = {name for name in BY_NAME if f'"{name}"' in source}
    return whole | {
        name
        for name in BY_NAME
        if any(name.startswith(start) and f'"{name.removeprefix(start)}"' in source for start in families)
    }


def test_every_measure_of_the_table_is_measured() -> None:
    assert measures_in_the_source() == set(BY_NAME)


def test_a_figure_of_another_measure_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="'no_such_measure' is no measure"):
        AgreementFigure("no_such_measure", "stance", None, None, None, ("a", "b"), True, 0.5, None, None, 1, 1)


def test_the_ranks_of_measures_are_whole() -> None:
    for rank in ("trust", "matrix"):
        given = sorted(getattr(one, rank) for one in BY_NAME.values() if getattr(one, rank))
        assert given == list(range(1, len(given) + 1)), f"two measures have one place in {rank}"
    assert measures.TRUSTED[0] == "alpha_nominal"
    assert measures.OF_PAIRS[0] == "alpha_ordinal"
    assert set(measures.TRUSTED) <= set(measures.HEADLINES)


def test_export_has_an_option_for_every_format_but_the_pieces_of_a_tokenizer() -> None:
    found = cli.get_command(click.Context(cli), "export")
    assert found is not None
    flags = {
        one.flag_value: one.help for one in found.params if one.name == "formats" and isinstance(one, click.Option)
    }
    assert set(EXPORTS) - set(flags) == {"pieces"}
    assert flags == {name: one.help for name, one in EXPORTS.items() if name != "pieces"}


def test_every_format_of_a_tool_and_of_gold_has_its_module() -> None:
    for one in EXPORTS.values():
        if one.module:
            assert find_spec(f"corpus_kit.release.export.{one.module}"), one.name
        assert bool(one.module) == (one.kind != "release")
        assert one.loses <= set(FEATURES)
        assert one.needs_gold == (one.name in ("conll", "spacy", "pieces"))
