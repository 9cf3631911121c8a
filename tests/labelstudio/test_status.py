"""Status from the tables and the server; and that nothing made or printed gives anybody away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from corpus_samples import PAGES, MakeSample, Sample, label_by, pseudonym, span, tone

from corpus_kit.cli.errors import run
from corpus_kit.cli.main import cli
from corpus_kit.labelstudio.server.process import StudioServer

pytestmark = pytest.mark.studio

ADDRESS = "milla.secret@annotators.example"


@pytest.fixture
def labelled(make_corpus: MakeSample) -> Sample:
    """Three pages, two people, overlap two: a.txt by both and differently, b.txt by one, c.txt skipped."""
    sample = make_corpus(settings="[label_studio]\noverlap = 2\n")
    sample.suggest([("a.txt", 0, 3, "PERSON"), ("a.txt", 8, 12, "ORG"), ("b.txt", 0, 7, "PERSON")])
    sample.corpus.push()
    users = {u["email"]: u["id"] for u in sample.client.transport.get("/api/users/")}
    if ADDRESS not in users:
        person = {"email": ADDRESS, "username": "milla-secret", "first_name": "Milla", "last_name": "Secret"}
        users[ADDRESS] = sample.client.transport.post("/api/users/", person)["id"]
    milla = {"completed_by": users[ADDRESS]}
    kept = span(0, 3, origin="prediction")
    for source, results, more in (
        ("a.txt", [kept, tone("plain")], {"lead_time": 10.0}),
        ("a.txt", [kept, span(8, 12, "ORG", origin="prediction")], {"lead_time": 20.0, **milla}),
        (
            "b.txt",
            [span(0, 7, origin="prediction-changed", meta={"text": [f"ask {ADDRESS}"]})],
            {"lead_time": 30.0, **milla},
        ),
        ("c.txt", [], {"was_cancelled": True, **milla}),
    ):
        sample.client.create_annotation(sample.task_of(source), {"result": results, **more})
    sample.corpus.pull()
    sample.tables()
    return sample


def test_status_counts_per_layer_and_per_annotator(labelled: Sample) -> None:
    found = labelled.corpus.status()
    (layer,) = found.layers
    assert (layer.documents, layer.tasks, layer.labelled, layer.annotations) == (3, 3, 2, 3)
    assert (layer.skipped, layer.drafts, layer.overlap, layer.overlap_reached) == (1, 0, 2, 1)
    assert (layer.disagreements, layer.median_s, layer.stale, layer.rejected) == (1, 20.0, 0, 0)
    assert layer.last_pull is not None
    by = {a.annotator: a for a in found.annotators}
    assert sorted((a.tasks, a.done, a.skipped, a.overlap_reached, a.median_s) for a in by.values()) == [
        (1, 1, 0, 1, 10.0),
        (3, 2, 1, 1, 25.0),
    ]
    assert sorted(a.accepted or 0 for a in by.values()) == [0.5, pytest.approx(2 / 3)]
    assert found.remarks == []


def test_stale_spans_and_rejected_rows_are_counted_for_whose_they_are(
    make_corpus: MakeSample, capfd: pytest.CaptureFixture[str]
) -> None:
    sample = make_corpus()
    label_by(sample, "a.txt", {"ada": [span(0, 3)], "ben": [span(0, 3), span(8, 12, "ORG")]})
    label_by(sample, "b.txt", {"ada": [span(0, 7), span(0, 4000), span(2, 7, "NOBODY")], "ben": [span(0, 7)]})
    sample.corpus.pull()
    whole = {"completed_by": {"email": "cem@people.example", "id": 900}, "result": [span(0, 3)]}
    half = {"unique_id": "half \ud83d", "created_at": "2031-01-01T00:00:00Z"}
    export = sample.root / "export.json"
    named = {"doc_id": sample.doc("c.txt")["doc_id"], "text": PAGES["c.txt"]}
    tasks = [
        {"id": 1, "data": named, "annotations": [whole | half]},
        {"id": 2, "data": {"text": "Of no document."}, "annotations": [whole, {"result": [span(0, 3)]}]},
    ]
    export.write_text(json.dumps(tasks), encoding="utf-8")
    sample.corpus.import_([export], layer="names")
    sample.write({**PAGES, "a.txt": "Nothing of what was here is left.\n"})
    sample.suggest([])
    sample.tables()
    found = sample.corpus.status()
    (layer,) = found.layers
    assert (layer.stale, layer.rejected) == (3, 5)
    by = {a.annotator: (a.tasks, a.done, a.stale, a.rejected) for a in found.annotators}
    assert by == {
        pseudonym(sample, "ada"): (2, 2, 1, 2),
        pseudonym(sample, "ben"): (2, 2, 2, 0),
        pseudonym(sample, "cem"): (0, 0, 0, 2),
    }
    assert run(cli, ["status", "--json", "--corpus", str(sample.root)]) == 0
    told = json.loads(capfd.readouterr().out)["annotators"]
    assert {a["annotator"]: (a["tasks"], a["done"], a["stale"], a["rejected"]) for a in told} == by


def test_a_row_that_breaks_its_contract_is_counted_for_whose_it_is(make_corpus: MakeSample) -> None:
    sample = make_corpus()
    shutil.copytree(Path(__file__).resolve().parents[2] / "schemas", sample.root / "schemas")
    contract = sample.root / "schemas" / "spans.yaml"
    shipped = contract.read_text(encoding="utf-8")
    at = shipped.index("checks:", shipped.index("  label:"))
    contract.write_text(f"{shipped[:at]}checks:\n      isin: [PERSON]{shipped[at + 7 :]}", encoding="utf-8")
    label_by(sample, "a.txt", {"ada": [span(0, 3), span(8, 12, "ORG")], "ben": [span(0, 3)]})
    sample.corpus.pull()
    sample.tables()
    found = sample.corpus.status()
    assert found.layers[0].rejected == 1
    assert {a.annotator: a.rejected for a in found.annotators} == {
        pseudonym(sample, "ada"): 1,
        pseudonym(sample, "ben"): 0,
    }


def test_idle_time_does_not_count(sample: Sample) -> None:
    sample.corpus.push()
    for seconds in (10.0, 12.0, 11.0, 13.0, 9000.0):
        task = sample.task_of("a.txt")
        sample.client.create_annotation(task, {"result": [span(0, 3)], "lead_time": seconds})
    sample.corpus.pull()
    sample.tables()
    assert sample.corpus.status().layers[0].median_s == 11.5


def test_status_without_a_server_says_what_is_missing(labelled: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL")
    monkeypatch.delenv("LABEL_STUDIO_API_KEY")
    found = labelled.corpus.status()
    assert found.layers[0].tasks is None
    assert found.layers[0].labelled == 2
    assert "task counts are missing" in found.remarks[0]


def test_a_pull_that_was_not_built_is_mentioned(labelled: Sample) -> None:
    labelled.client.create_annotation(labelled.task_of("b.txt"), {"result": []})
    labelled.corpus.pull()
    assert "not in the tables yet" in labelled.corpus.status().remarks[0]


def test_neither_token_nor_address_is_in_anything_made_or_printed(
    labelled: Sample, studio: StudioServer, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("push", "pull", "status", "restore"):
        for more in ([], ["--json"]):
            assert run(cli, [name, "--corpus", str(labelled.root), *more]) == 0, capfd.readouterr()
    assert run(cli, ["pull", "--full", "--corpus", str(labelled.root)]) == 0
    labelled.tables()
    printed = "".join(capfd.readouterr())
    assert json.dumps("names") in printed
    secrets = [studio.login.token, ADDRESS, "milla", studio.login.email, studio.login.password]
    assert [s for s in secrets if s.lower() in printed.lower()] == []
    ledger = {p for p in (labelled.data / "imports").iterdir() if p.suffix == ".json" and "about" not in p.name}
    looked = 0
    for path in labelled.root.rglob("*"):
        if not path.is_file() or path.name == "pseudonyms.json":
            continue
        content = path.read_bytes().lower()
        for secret in secrets if path not in ledger or path.name.startswith(".") else secrets[:1]:
            assert secret.lower().encode() not in content, f"{secret} is in {path}"
        looked += 1
    assert looked > 10
    assert any(ADDRESS.encode() in p.read_bytes() for p in ledger), "the ledger keeps who made what"
    modes = {oct(p.stat().st_mode & 0o777) for p in ledger}
    assert modes == {"0o600"}, "and only its owner may read that"


def test_an_error_from_the_server_never_shows_the_token(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = "f" * 40
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", wrong)
    assert run(cli, ["push", "--corpus", str(sample.root)]) == 3
    shown = capfd.readouterr().err
    assert "401" in shown
    assert wrong not in shown
    assert "Traceback" not in shown


def test_parquet_hides_nothing_either(labelled: Sample) -> None:
    """Compressed columns are read, not only searched as bytes."""
    import polars as pl

    files = [*Path(labelled.data).rglob("*.parquet")]
    assert {"documents", "annotations"} <= {file.parent.name for file in files}
    for file in files:
        told = pl.read_parquet(file).write_json().lower()
        assert ADDRESS not in told, file
        assert "milla" not in told, file
