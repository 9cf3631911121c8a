"""Every sentence that the commands print is seen once: on a corpus that goes through two years, and on made-up results of
the server's commands."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from labelled_corpus import EELS, FERRY, PAGES, STRIKE, entity, label, read, write_settings

from corpus_kit import Corpus
from corpus_kit.cli.errors import run
from corpus_kit.cli.main import COMMANDS, cli
from corpus_kit.core.records import Finding
from corpus_kit.labelstudio.sync.plan import LayerPlan, Orphan, Pushed
from corpus_kit.labelstudio.sync.pull import Pulled
from corpus_kit.labelstudio.sync.restore import Restored
from corpus_kit.labelstudio.sync.review_push import ReviewPlan


@dataclass(frozen=True, slots=True)
class Told:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str


def call(*args: str, where: Path | None = None) -> Told:
    """A command in this process, in a folder."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(where or Path.cwd()), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(cli, list(args))
    return Told(code, out.getvalue(), err.getvalue())


ROCKET = "🚀🚀 Rocket day\n\nAnna Bell of Port Sellane launches two rockets, says the board of Lake Vesk.\n"
MANY = {f"m{number:02d}.txt": f"Page {number}: a short notice about ferry number {number}.\n" for number in range(23)}


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """One corpus built three times: as it came, then labelled, then with files moved, changed and gone. Also its folder."""
    root, scratch = tmp_path_factory.mktemp("years") / "news", tmp_path_factory.mktemp("exports")
    Corpus.init(root, stance_targets=["Halvern pipeline"])
    raw = root / "data" / "raw"
    for name, text in {**PAGES, **MANY, "rocket.txt": ROCKET, ".hidden.txt": "secret\n"}.items():
        (raw / name).write_text(text, encoding="utf-8")
    (raw / "metadata.csv").write_text("file,outlet\nferry.txt,Strait News\nnowhere.txt,No one\n", encoding="utf-8")
    settings = "[suggest]\nboilerplate = false\n\n[split]\ntrain = 0.6\nvalidation = 0.2\ntest = 0.2\n"
    write_settings(root, f"{settings}\n[agreement]\nresamples = 0\n")
    told = {"first": call("build", where=root)}
    corpus = Corpus.open(root)
    port, rocket = entity(FERRY, "Port Sellane", "GPE"), entity(ROCKET, "Anna Bell", "PERSON")
    old = rocket | {
        "value": rocket["value"] | {"start": rocket["value"]["start"] + 2, "end": rocket["value"]["end"] + 2}
    }
    work: Any = {
        "ferry.txt": {"ada": [port], "ben": [port]},
        "eels.txt": {"ada": [entity(EELS, "Lake Vesk", "LOC")], "ben": [entity(EELS, "Lake Vesk", "GPE")]},
        "strike.txt": {"ada": []},
        "rocket.txt": {"ada": [old], "ben": [old]},
    }
    label(corpus, "entities", work, scratch, skipped={"strike.txt": {"ben": [entity(STRIKE, "Velmora", "GPE")]}})
    nested = [entity(FERRY, "Ola Brandt of Port Sellane", "PERSON"), port]
    label(corpus, "entities", {"ferry.txt": {"cyd": nested}}, scratch)
    stranger = [{"id": 99, "data": {"text": "A page that no one has."}, "annotations": [], "predictions": []}]
    lost = {"id": 1, "completed_by": 1, "result": [], "was_cancelled": False, "created_at": "2031-02-01T08:00:00Z"}
    stranger[0]["annotations"] = [lost | {"result": [entity("A page that no one has.", "page", "ORG")]}]
    (scratch / "stranger.json").write_text(json.dumps(stranger), encoding="utf-8")
    told["import"] = call("import", str(scratch / "stranger.json"), "--layer", "entities", where=root)
    told["labelled"] = call("build", where=root)
    (raw / "sub").mkdir()
    (raw / "ferry.txt").rename(raw / "sub" / "late.txt")
    (raw / "metadata.csv").unlink()
    for name in MANY:
        (raw / name).rename(raw / f"n{name}")
    (raw / "strike.txt").unlink()
    (raw / "eels.txt").write_text(f"A new line above.\n\n{EELS}", encoding="utf-8")
    told["changed"] = call("build", where=root)
    told["folder"] = Told(0, str(root), "")
    return told


@pytest.fixture
def here(years: dict[str, Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that corpus, which is the working directory; no server is known."""
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    folder = Path(shutil.copytree(years["folder"].out, tmp_path / "news"))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("build", "line"),
    [
        ("first", "Metadata: 1 row metadata_unmatched; see data/rejected."),
        ("first", "Left out: 1 hidden file."),
        ("first", "Splits: "),
        ("first", "Look at it: data/report/report.html"),
        ("first", "Next: load it with that line; `corpus-kit studio` and `corpus-kit push` have it labelled."),
        ("labelled", "Not redone: 27 of 27 documents, unchanged."),
        # One each of ada and ben and two of cyd on the ferry, two on the eels, two rockets, one stranger, one skipped.
        ("labelled", "Ledger: 10 answers brought, of them 1 skipped."),
        ("labelled", "Unmatched: 1 task belongs to no document; see rejected."),
        ("labelled", "Converted: 2 annotations counted UTF-16 units; their offsets are code points now."),
        ("labelled", "Open disagreements: 2; see `corpus-kit adjudicate`."),
        ("labelled", "Next: load it with that line; `corpus-kit agreement` tells how far people agree."),
        ("changed", "Moved: ferry.txt → sub/late.txt; the text is the same."),
        ("changed", "Moved: m00.txt → nm00.txt; the text is the same."),
        ("changed", "Moved: 4 more."),
        ("changed", "No longer there: 1 document of the last build."),
        ("changed", "Carried from older texts: 2 shifted spans."),
        ("changed", "Unmatched: 2 tasks belong to no document; see rejected."),
    ],
)
def test_a_build_says(build: str, line: str, years: dict[str, Told]) -> None:
    assert years[build].code == 0
    assert line in years[build].err


def test_of_many_files_that_moved_twenty_are_named(years: dict[str, Told]) -> None:
    moved = [line for line in years["changed"].err.splitlines() if line.endswith("; the text is the same.")]
    assert len([line for line in moved if "labels of" not in line]) == 20
    assert len([line for line in moved if "labels of" in line]) == 1, "those of the ferry, which people labelled"


def test_a_build_counts_what_the_splits_hold(years: dict[str, Told]) -> None:
    (line,) = [one for one in years["first"].err.splitlines() if one.startswith("Splits: ")]
    counts = [int(part.split()[0]) for part in line.removeprefix("Splits: ").removesuffix(".").split(", ")]
    assert sum(counts) == 27 and line.split()[2] == "train,"


def test_what_a_configuration_cannot_carry_is_said_with_the_place_of_the_list(here: Path) -> None:
    corpus = Corpus.open(here)
    outer = [entity(FERRY, "Ola Brandt of Port Sellane", "PERSON"), entity(FERRY, "Port Sellane", "GPE")]
    ids = dict(read(corpus, "documents", "documents").select("source", "doc_id").iter_rows())
    assert "sub/late.txt" in ids
    label(corpus, "entities", {"sub/late.txt": {"ada": outer, "ben": outer}}, here)
    told = call("build")
    assert "Labels that entities cannot carry: 1 nested; see losses.csv in the release." in told.err


def test_a_build_without_documents_says_that_there_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "empty.txt").write_text(" \n", encoding="utf-8")
    told = call("build", "raw", "--out", "out", "--strict", where=tmp_path)
    assert told.code == 1
    assert "There is no release: no document was accepted." in told.err
    assert "--strict: 1 rejected." in told.err


def test_a_build_in_another_place_says_how_to_get_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.txt").write_text("The ferry is late.\n", encoding="utf-8")
    told = call("build", "raw", "--out", "out", where=tmp_path)
    assert "Next: load it with that line; `corpus-kit init DIR` makes a corpus that people can label." in told.err
    assert told.out.splitlines()[-1] == 'from datasets import load_dataset; ds = load_dataset("out/release")'


OFFLINE: dict[str, list[str]] = {
    "init": ["init", "another"],
    "layer": ["layer", "add", "quotes", "--label", "QUOTE"],
    "target": ["target", "add", "Harbour tax"],
    "doctor": ["doctor"],
    "build": ["build"],
    "suggest": ["suggest", "entities"],
    "import": ["import", "export.json", "--layer", "entities"],
    "validate": ["validate"],
    "status": ["status"],
    "agreement": ["agreement"],
    "adjudicate": ["adjudicate"],
    "review": ["review", "--single"],
    "report": ["report"],
    "card": ["card"],
    "locate": ["locate", "sub/late.txt", "0", "9"],
    "inspect": ["inspect"],
    "export": ["export"],
    "verify": ["verify", "data/release"],
    "recipe": ["recipe", "soft"],
    "multiverse": ["multiverse"],
    "why": ["why", "sub/late.txt"],
    "trust": ["trust"],
}
SERVED = ("studio", "push", "pull", "restore", "adopt")
ASKED_ELSEWHERE = ("publish", "hydrate", "evaluate")
"""In tests/release, with what they need: a card that is filled in, a release without texts, predictions."""


def test_every_command_is_asked_here_or_with_a_server() -> None:
    assert sorted([*OFFLINE, *SERVED, *ASKED_ELSEWHERE]) == sorted(COMMANDS)


@pytest.mark.parametrize("name", OFFLINE)
def test_json_is_all_that_a_machine_gets_on_stdout_and_people_get_the_next_step(name: str, here: Path) -> None:
    task = {"id": 7, "data": {"text": ROCKET}, "annotations": [], "predictions": []}
    (here / "export.json").write_text(json.dumps([task]), encoding="utf-8")
    asked = call(*OFFLINE[name], "--json")
    json.loads(asked.out)
    assert "Next:" not in asked.err
    shutil.rmtree(here / "another", ignore_errors=True)
    if name == "import":
        (here / "export.json").write_text(json.dumps([task | {"id": 8}]), encoding="utf-8")
    shown = call(*OFFLINE[name])
    assert shown.code == asked.code == 0
    assert shown.err.splitlines()[-1].startswith("Next: "), shown.err


def test_a_shown_command_can_be_pasted_back_whatever_the_folder_is_called(here: Path, tmp_path: Path) -> None:
    folder = Path(shutil.move(here, tmp_path / "my news; two"))
    told = call("status", "--corpus", str(folder), where=tmp_path)
    assert f"`corpus-kit agreement --corpus '{folder}'` tells" in told.err


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but `.work`, which holds what can be made again."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".work" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("command", [["status"], ["validate"], ["review", "--single"], ["doctor"], ["agreement"]])
def test_a_command_that_only_looks_writes_nothing(command: list[str], here: Path) -> None:
    before = tree(here)
    assert len(before) > 20
    assert call(*command).code == 0
    assert tree(here) == before


def test_report_open_opens_the_page_that_it_made(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", lambda place, **_: opened.append(place) or 0)
    told = call("report", "--open", "--out", "page.html")
    assert opened == [str(here / "page.html")] or opened == ["page.html"]
    assert Path(opened[0]).read_bytes().startswith(b"<!doctype html>")
    assert "in the reader." in told.err
    assert "Next: open it in a browser" in told.err
    opened.clear()
    assert call("report").code == 0 and opened == [], "no one asked for it"


def test_a_comparison_is_told_in_one_line(here: Path) -> None:
    shutil.copytree("data/release", "before")
    told = call("report", "--compare", "before")
    assert "Since that release: nothing changed." in told.err
    (here / "data" / "raw" / "new.txt").write_text("A page that is new and says so.\n", encoding="utf-8")
    (here / "data" / "raw" / "nm00.txt").unlink()
    assert call("build").code == 0
    told = call("report", "--compare", "before")
    assert "Since that release: 1 document added, 1 document removed" in told.err


# --- what only a server brings about: the commands are told what it did -----------------------------------------------


@pytest.fixture
def served(here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, object], None]:
    """`served(method, result)`: what a method of `Corpus` brings home, without a server."""

    def serve(method: str, result: object) -> None:
        monkeypatch.setattr(Corpus, method, lambda *_, **__: result)

    return serve


def finding(number: int = 1) -> Finding:
    return Finding("too_large", "tasks", f"doc_id={number}", "text", "It is too large.")


def test_a_push_says_what_it_did_and_what_waits(served: Callable[[str, object], None]) -> None:
    reasons = ("text_changed", "document_gone", "duplicate", "foreign")
    orphans = [Orphan(number, "" if reason == "foreign" else "ab", reason, 1) for number, reason in enumerate(reasons)]
    plan = LayerPlan("entities", "news: entities", settings=["label_config", "title"], later=1200, orphaned=orphans)
    plan.create, plan.refused = [("ab", "cd")], [finding(number) for number in range(12)]
    served("push", [Pushed(plan, True, 5, 4, 3, 1, 2, 7, "http://127.0.0.1:1/projects/1/data")])
    told = call("push")
    assert told.code == 0
    for line in (
        "entities: changed in Label Studio: label_config, title.",
        "entities: 1,200 more documents wait for another push.",
        "entities: task 0 (ab) ",
        "entities: task 3 (no doc_id) ",
        f"entities: not sent: {finding()}",
        "entities: 2 more; --json lists them all.",
        "entities: 7 hidden checks are set or taken back.",
        "Next: when they have, `corpus-kit pull`.",
    ):
        assert line in told.err, line
    row = next(line.split() for line in told.out.splitlines() if line.startswith("entities"))
    assert row == ["entities", "5", "4", "3", "1", "2", "0", "4", "12"], "what was done, not what was planned"
    assert "http://127.0.0.1:1/projects/1/data" in told.out
    (machine,) = json.loads(call("push", "--json").out)
    assert machine["done"]["created"] == 5 and machine["later"] == 1200


def test_a_dry_push_says_what_it_would_do(served: Callable[[str, object], None]) -> None:
    plan = LayerPlan("entities", "news: entities", settings=["create"], create=[("a", "b"), ("c", "d")])
    plan.checks = {1: 2}
    served("push", [Pushed(plan)])
    told = call("push", "--dry-run")
    assert "entities: would change in Label Studio: a new project." in told.err
    assert "entities: 1 hidden checks would be set or taken back." in told.err
    assert "Next: `corpus-kit push` does it." in told.err
    assert next(line.split() for line in told.out.splitlines() if line.startswith("entities"))[1] == "2"


def test_a_second_push_says_that_everything_was_there(served: Callable[[str, object], None]) -> None:
    served("push", [Pushed(LayerPlan("entities", "news: entities", unchanged=9))])
    assert "entities: everything was there already." in call("push").err


def test_a_pull_says_what_came_or_that_nothing_did(served: Callable[[str, object], None]) -> None:
    came = Pulled("entities", "news: entities", 1, entry="000002-x", tasks=3, annotations=4, skipped=2, drafts=1)
    came.deleted = ["one"]
    nothing, review = Pulled("stance", "news: stance", 2), Pulled("entities", "news: entities review", 3, kind="review")
    served("pull", [came, nothing, review, Pulled("boilerplate", "news: boilerplate")])
    told = call("pull")
    assert "stance: nothing new." in told.err and "entities review: nothing new." in told.err
    assert "boilerplate: the server has no project 'news: boilerplate'; `corpus-kit push` makes it." in told.err
    assert "Next: `corpus-kit build` makes tables, gold and the release of it." in told.err
    row = next(line.split() for line in told.out.splitlines() if line.startswith("entities "))
    assert row == "entities 3 4 2 1 1".split()
    assert len(json.loads(call("pull", "--json").out)) == 4


def test_a_restore_says_what_did_not_come_back(served: Callable[[str, object], None]) -> None:
    back = Restored(
        "entities", "news: entities", 1, 3, 4, 2, 1, [finding(n) for n in range(11)], ["a draft is no more"]
    )
    served("restore", [back])
    told = call("restore")
    assert told.err.count("entities: not restored: ") == 10 and f"entities: not restored: {finding()}" in told.err
    assert "entities: a draft is no more" in told.err
    assert "Next: `corpus-kit status` counts what is there." in told.err
    assert (
        next(line.split() for line in told.out.splitlines() if line.startswith("entities"))
        == "entities 3 4 2 1 11".split()
    )
    json.loads(call("restore", "--json").out)


@pytest.mark.parametrize("dry", [False, True])
def test_what_goes_to_reviewers_is_told_project_by_project(dry: bool, served: Callable[[str, object], None]) -> None:
    plan = ReviewPlan("entities", "news: entities review", kind="review", begun=2, settled=3, skipped=1, unchanged=4)
    plan.settings, plan.orphaned = ["create"], [Orphan(5, "ab", "no_longer_open", 0)]
    plan.create, plan.refused = [("a", "b")], [finding(number) for number in range(12)]
    served("send_disagreements", [Pushed(plan, True, 1, address="http://127.0.0.1:1/projects/4/data")])
    told = call("adjudicate", "--push", *(["--dry-run"] if dry else []))
    assert told.code == 0
    changed = "would change" if dry else "changed"
    assert f"news: entities review: {changed} in Label Studio: a new project." in told.err
    assert "news: entities review: task 5 (ab) is settled by now, and somebody has begun it; kept." in told.err
    assert f"news: entities review: not sent: {finding(0)}" in told.err
    assert "news: entities review: 3 more; --json lists them all." in told.err
    assert ("Next: when a reviewer has submitted, `corpus-kit pull` takes it in." in told.err) is not dry
    row = next(line.split() for line in told.out.splitlines() if line.startswith("news: entities review"))
    assert row[-8:] == ["1", "0", "0", "0", "5", "2", "3", "1"]


def test_nothing_for_reviewers_is_said_too(served: Callable[[str, object], None]) -> None:
    served("send_disagreements", [])
    assert "There is nothing for a reviewer, and no review project." in call("adjudicate", "--push").err
