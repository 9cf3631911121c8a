"""No one's name or address leaves the ledger and the pseudonym file."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ledger_samples import Bench, annotation, answer, span, task

from corpus_kit.core.errors import ConfigError
from corpus_kit.ledger.people import FILE, People

TEXT = "Zoë Marsh met Anna Bell. Write to desk@strait.example."
PEOPLE = ("zoe.marsh@mail.example", "BO@Mail.example", "ada@mail.example")


def test_no_address_or_name_of_an_annotator_is_in_anything_made(tmp_path: Path) -> None:
    zoe, bo, ada = PEOPLE
    work = annotation(
        span(TEXT, "Anna Bell", meta={"text": [f"ask {bo.lower()}, or {ada}."]}),
        span(TEXT, "Zoë Marsh", "DRAGON", meta={"text": [f"ask {zoe}"]}),
        answer("note", "textarea", [f"checked with {bo}"]),
        by=zoe,
        completed_by={
            "id": 7,
            "email": zoe,
            "first_name": "Zoë-Maria",
            "last_name": "Marsh-Quill",
            "avatar": "/zq.png",
        },
        updated_by=8,
        created_username=f"Zoë-Maria Marsh-Quill, {zoe}, 7",
        reviews=[{"id": 1, "created_by": {"id": 8, "email": bo, "first_name": "Bo-Peter"}, "accepted": True}],
        unknown={"deep": [{"user": ada, "first_name": "Ada-Lotte", "email": ada}]},
    )
    draft = {
        "id": 3,
        "user": bo,
        "created_username": f"Bo-Peter, {bo}",
        "result": [],
        "created_at": "2031-03-01T09:00:00Z",
    }
    nowhere = task("z", "unknown", annotation(answer("note", "textarea", ["x"]), by=ada))
    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring([task("a", TEXT, work, drafts=[draft]), nowhere])
    made = bench.make()
    assert (len(made.annotations), len(made.rejected)) == (2, 2)
    everything = json.dumps([made.tables, made.rejected], default=str, ensure_ascii=False).lower()
    everything += "".join(p.read_text().lower() for p in made.data.glob("*/manifest.json"))
    for secret in [*(p.lower() for p in PEOPLE), "zoë-maria", "marsh-quill", "bo-peter", "ada-lotte", "zq.png"]:
        assert secret not in everything, secret
    assert made.choices[0]["value"] == f"checked with {made_name(bench, bo)}"
    assert "desk@strait.example" in json.dumps(TEXT), "an address in the document is the document's"


def made_name(bench: Bench, address: str) -> str:
    return json.loads((bench.data / FILE).read_text())["people"][address.lower()]


def test_the_mapping_is_for_its_owner_only(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring([task("a", TEXT, annotation())])
    bench.make()
    assert stat.S_IMODE((bench.data / FILE).stat().st_mode) == 0o600


def test_people_are_numbered_by_their_first_work_and_never_again(tmp_path: Path) -> None:
    def at(day: int, by: str):
        return annotation(by=by, created_at=f"2031-03-{day:02d}T10:00:00Z")

    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring(
        [task("a", TEXT, at(5, "bo@x.example"), at(4, "zoe@x.example"), at(6, "Zoe@X.example"), at(5, "ada@x.example"))]
    )
    bench.make()
    numbered = {f"{who}@x.example": f"annotator-0{n}" for n, who in enumerate(("zoe", "ada", "bo"), 1)}
    assert {k: v for k, v in people(bench).items() if "#" not in k} == numbered
    bench.bring([task("a", TEXT, at(1, "early@x.example"))])
    bench.make()
    assert {k: v for k, v in people(bench).items() if "#" not in k} == numbered | {"early@x.example": "annotator-04"}


def people(bench: Bench) -> dict[str, str]:
    return json.loads((bench.data / FILE).read_text(encoding="utf-8"))["people"]


def test_ids_without_addresses_are_people_of_their_server_or_file(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    one, two, three = (annotation(completed_by=7) for _ in range(3))
    bench.bring([task("a", TEXT, one)], layer="plain", name="one.json")
    bench.bring([task("a", TEXT, two)], layer="plain", name="two.json")
    bench.ledger.append("plain", [task("a", TEXT, three)], server="http://one", project=1)
    assert len({a["annotator"] for a in bench.make().annotations}) == 3


def test_an_id_that_later_gets_an_address_stays_the_same_person(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    server: dict[str, Any] = {"server": "http://one", "project": 1}
    bench.ledger.append("plain", [task("a", TEXT, annotation(completed_by=7))], **server)
    before = bench.make().annotations[0]["annotator"]
    new = task("a", TEXT, annotation(completed_by={"id": 7, "email": "zoe@x.example"}), id=2)
    bench.ledger.append("plain", [new], **server)
    assert {a["annotator"] for a in bench.make().annotations} == {before}


def test_two_identities_can_be_made_one_person_by_hand(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring([task("a", TEXT, annotation(by="zoe@work.example"), annotation(by="zoe@home.example"))])
    assert len({a["annotator"] for a in bench.make().annotations}) == 2
    file = bench.data / FILE
    file.write_text(file.read_text().replace("annotator-02", "annotator-01"))
    made = bench.make()
    assert not made.result.unchanged
    assert {a["annotator"] for a in made.annotations} == {"annotator-01"}


def test_a_damaged_mapping_stops_the_build_instead_of_numbering_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring([task("a", TEXT, annotation())])
    for content in ("{", "[]", '{"people": {"zoe@x.example": "zoe@x.example"}}'):
        (bench.data / FILE).write_text(content)
        with pytest.raises(ConfigError):
            bench.make()


def test_a_number_at_the_end_of_a_name_is_no_id(tmp_path: Path) -> None:
    known = People(tmp_path / FILE)
    now = datetime(2031, 3, 1, tzinfo=UTC)
    for author in ("anna99", 99, "Anna, 99"):
        known.observe("file x", None, now, author)
    known.settle()
    assert known.pseudonym("file x", 99) == known.pseudonym("file x", "Anna, 99") != known.pseudonym("file x", "anna99")


def test_an_author_without_address_or_id_is_somebody_unnamed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"a": TEXT})
    odd = {"first_name": "Zoë-Maria"}
    bench.bring([task("a", TEXT, annotation(completed_by=odd, reviewers=[1, [2, odd]]))], layer="plain")
    (row,) = bench.make().annotations
    assert row["annotator"].startswith("annotator-0")
    assert "Zoë-Maria" not in row["payload"]


@pytest.mark.parametrize("odd", ["zo\ud800@x.example", {"id": "\ud800"}, {"id": 7, "email": "\ud800@x.example"}])
def test_a_name_that_no_text_can_hold_stops_no_build(tmp_path: Path, odd: Any) -> None:
    """Half of a surrogate pair, as an escape of JSON brings it."""
    bench = Bench(tmp_path, {"a": TEXT})
    bench.bring([task("a", TEXT, annotation(completed_by=odd))], layer="plain")
    first = bench.make().annotations
    assert [a["annotator"] for a in first] == ["annotator-01"]
    assert set(people(bench).values()) == {"annotator-01"}
    assert bench.make().annotations == first
