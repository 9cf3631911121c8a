"""The recipes for what is likely to be added hold: each diff applies to a copy, touches few files, and works."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from corpus_kit import Corpus

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "contributing" / "adding.md"
MOST_FILES = {"reader": 3, "export": 2, "measure": 2, "suggest": 3, "policy": 2}
CHANGES = (
    "A reader",
    "An export format",
    "An agreement measure",
    "A suggestion layer",
    "An adjudication policy",
    "A reason code",
    "A finding code",
    "A key of corpus.toml",
    "Another annotation server",
    "A column of documents",
    "A language of dates",
    "An option of build",
    "A section of the report",
    "A compression",
    "A check of doctor",
    "A rule of validate",
    "An order of push",
)


def diffs() -> dict[str, str]:
    """Name → unified diff. A line of context that is empty has lost its blank in the page."""
    found = re.findall(r"<!-- adding: (\w+) -->\n\n```diff\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return {name: re.sub(r"^$", " ", diff.rstrip("\n"), flags=re.MULTILINE) + "\n" for name, diff in found}


def hunks(diff: str) -> list[tuple[str, str]]:
    """(file, the lines that it must have) of every hunk that changes a file."""
    found, file = [], ""
    for part in re.split(r"^(?=--- |@@ )", diff, flags=re.MULTILINE):
        if part.startswith("--- "):
            file = part.splitlines()[0].removeprefix("--- a/")
        elif part.startswith("@@ ") and file != "--- /dev/null":
            lines = part.splitlines()[1:]
            found.append((file, "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")))
    return found


def apply(name: str, folder: Path) -> None:
    diff = diffs()[name]
    for file, lines in hunks(diff):
        times = (folder / file).read_text(encoding="utf-8").count(lines)
        assert times == 1, (
            f"docs/contributing/adding.md, recipe '{name}': these lines are {times} times in {file}, not once; "
            f"write the hunk again:\n{lines}"
        )
    done = subprocess.run(
        ["git", "apply", "-p1", "-C1", "-"],
        cwd=folder,
        input=diff,
        text=True,
        capture_output=True,
        check=False,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(folder.parent)},
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the diffs are about."""
    folder = tmp_path / "tree"
    for name in ("corpus_kit", "schemas", "annotation"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "DATASET_CARD.md", folder)
    return folder


def run(tree: Path, code: str, *arguments: str) -> Any:
    """What a script prints as JSON that imports the copy."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(tree), str(ROOT / "tests" / "agreement")))},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_there_is_a_recipe_for_every_change() -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == CHANGES


def test_every_file_that_a_recipe_names_is_there() -> None:
    prose = re.sub(r"```.*?```", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = {one for one in re.findall(r"`([\w./]+)`", prose) if "/" in one or one.endswith((".py", ".toml"))}
    own = {"corpus.toml"}  # of a user's corpus
    missing = [
        one for one in sorted(named - own) if not ((ROOT / one).exists() or (ROOT / "corpus_kit" / one).exists())
    ]
    assert len(named) > 30
    assert not missing


@pytest.mark.parametrize("name", MOST_FILES)
def test_a_recipe_touches_few_files(name: str) -> None:
    files = re.findall(r"^\+\+\+ b/(.+)$", diffs()[name], re.MULTILINE)
    assert 0 < len(set(files)) <= MOST_FILES[name], files


@pytest.mark.slow  # a build in a process of its own
def test_the_reader_reads(tree: Path) -> None:
    apply("reader", tree)
    raw = tree / "raw"
    raw.mkdir()
    film = "1\n00:00:01,000 --> 00:00:03,000\nThe ferry to Port Sellane\nis late.\n\n"
    film += "2\n00:00:04,000 --> 00:00:06,000\nWhy?\n"
    (raw / "film.srt").write_text(film, encoding="utf-8")
    code = """
import json, sys
import polars as pl
from corpus_kit import Corpus
Corpus.without("out").build(["raw"], "out", report=False)
print(json.dumps(pl.read_parquet("out/documents/*.parquet").select("source", "text").rows()))
"""
    assert run(tree, code) == [["film.srt", "The ferry to Port Sellane\nis late.\nWhy?\n"]]


def test_the_export_format_writes_and_has_its_option(tree: Path) -> None:
    apply("export", tree)
    code = """
import json
import click
from corpus_kit.cli.main import cli
from corpus_kit.core.exchange import LOSES, Attribute, Link, Note, ExchangePage, Region, Work
from corpus_kit.release.export.interchange import writer_of
text = "The MS Tern is late."
spans = Region("a", 4, 11, "SHIP"), Region("b", 15, 19, "STATE")
links = Link("a", "b", "is"), Link("a", "b", "near", directed=False)
answers = Attribute("mood", "cross"), Attribute("sure", "yes", "a")
work = Work("annotator-01", regions=spans, links=links, answers=answers, notes=(Note("hm", "a"),))
made = writer_of("spans-csv")(ExchangePage("d1", text, doc_id="d1"), work)
help = cli.get_command(click.Context(cli), "export").get_help(click.Context(cli))
files = {name: content.decode() for name, content in made.files.items()}
print(json.dumps([files, [lost.reason for lost in made.lost], "--spans-csv" in help, sorted(LOSES["spans-csv"])]))
"""
    files, lost, option, loses = run(tree, code)
    assert files["spans.csv"] == "d1,a,4,11,SHIP,MS Tern\nd1,b,15,19,STATE,late\n"
    assert files["relations.csv"] == "d1,a,b,is\nd1,a,b,near\n"
    assert sorted(lost) == ["document_answer", "region_answer", "region_answer", "undirected"]
    assert option
    assert loses == ["attribute", "choice", "note", "undirected"]


def test_the_measure_is_measured_and_has_its_legend(tree: Path) -> None:
    apply("measure", tree)
    code = """
import json
from agreement_tables import ANNOTATIONS, CHOICES, SPANS, annotation, choice, table
from corpus_kit.agreement.measures.bootstrap import Resampling
from corpus_kit.agreement.measures.choices import choice_agreement
from corpus_kit.report.agreement import MEASURES
pages = {"a": "xx", "b": "xy", "c": "yy", "d": "yy"}
made = [(annotation(page, f"p{i}"), answer) for page, said in pages.items() for i, answer in enumerate(said)]
tables = table([choice(*one) for one in made], CHOICES), table([one for one, _ in made], ANNOTATIONS), table([], SPANS)
found = choice_agreement(*tables, plan=Resampling(0))
print(json.dumps([[f.value for f in found.results if f.measure == "bennett_s" and f.pair], MEASURES["bennett_s"]]))
"""
    values, title = run(tree, code)
    assert set(values) == {0.5}, "three of four pages alike, two labels: (2 * 3/4 - 1) / (2 - 1)"
    assert title == "Bennett's S"


def test_the_policy_settles_and_can_be_set(tree: Path) -> None:
    apply("policy", tree)
    code = """
import json
from agreement_tables import ANNOTATIONS, CHOICES, RELATIONS, SPANS, annotation, choice, table
from corpus_kit.agreement import Policy, adjudicate
from corpus_kit.core.config.people import AdjudicationSettings
def gold(answers, policy):
    made = [annotation("d", f"p{i}") for i in range(len(answers))]
    chosen = [choice(one, answer) for one, answer in zip(made, answers)]
    tables = table(made, ANNOTATIONS), table([], SPANS), table(chosen, CHOICES), table([], RELATIONS)
    return adjudicate(*tables, Policy(policy)).choices["value"].to_list()
answers = ["xxy", "xxxyy", "xxxx", "xy"]
policy = AdjudicationSettings(policy="two-thirds").policy
print(json.dumps([[gold(one, name) for one in answers] for name in (policy, "majority")]))
"""
    two_thirds, majority = run(tree, code)
    assert two_thirds == [["x"], [], ["x"], []]
    assert majority == [["x"], ["x"], ["x"], []]


@pytest.mark.slow  # a build
def test_the_suggestion_layer_suggests(tmp_path: Path) -> None:
    import polars as pl

    Corpus.init(tmp_path / "harbour")
    apply("suggest", tmp_path / "harbour")
    page = "Harbour news\n\nThe MS Ondine and the MS Tern left Port Sellane at dawn, late again.\n"
    (tmp_path / "harbour" / "data" / "raw" / "ships.txt").write_text(page, encoding="utf-8")
    Corpus.open(tmp_path / "harbour").build(trust=True, report=False)
    made = pl.read_parquet(tmp_path / "harbour" / "data" / "suggestions" / "*.parquet")
    rows = made.filter(pl.col("layer") == "ships").select("surface", "label", "start").rows()
    assert rows == [("MS Ondine", "SHIP", 18), ("MS Tern", "SHIP", 36)]


def test_a_hunk_that_no_longer_applies_is_named(tmp_path: Path) -> None:
    for file, lines in hunks(diffs()["policy"]):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(lines, encoding="utf-8")
    (tmp_path / "corpus_kit" / "agreement" / "gold" / "policy.py").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"recipe 'policy': these lines are 0 times in \S+policy.py"):
        apply("policy", tmp_path)
