"""Guidelines as tests: examples held against gold, and what a change of the text concerns."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from labelled_corpus import FERRY, PSEUDONYM, entities_of_three, entity, label, new_corpus, read, stance
from replayed import copied

from corpus_kit import Corpus
from corpus_kit.core.codebook import changed_sections, labels_named, read_examples
from corpus_kit.labelstudio.sync.instruction import instruction
from corpus_kit.ledger.guidelines import keep_guidelines
from corpus_kit.ledger.ledger import Ledger
from corpus_kit.validate.codebook import CODES

ROOT = Path(__file__).resolve().parents[2]
BRANDT = FERRY.index("Ola Brandt")
PORT = FERRY.index("Port Sellane")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root = tmp_path_factory.mktemp("codebook") / "corpus"
    made = new_corpus(root, settings="[suggest]\nboilerplate = false\n[agreement]\nresamples = 0\n")
    label(made, "entities", entities_of_three(), root.parent)
    favour = [stance("draskia_accession", "favour")]
    label(made, "stance", {"ferry.txt": {"ada": favour, "ben": favour}}, root.parent)
    made.adjudicate()
    return made


def _findings(corpus: Corpus, to: Path, layer: str, *lines: str) -> list[tuple[str, str]]:
    """(code, line) of what validate finds with these lines at the end of the guidelines."""
    other = copied(corpus.data.parent, to)
    file = to / "annotation" / layer / "guidelines.md"
    before = file.read_text(encoding="utf-8")
    file.write_text("\n".join((before, "", "## Examples", "", *lines, "")), encoding="utf-8")
    first = before.count("\n") + 5
    found = Corpus.open(other.data.parent).validate().findings
    mine = [f for f in found if f.table == f"annotation/{layer}/guidelines.md"]
    return [(f.code, lines[int(f.row.removeprefix("line=")) - first]) for f in mine]


def test_examples_that_gold_confirms_are_no_finding(corpus: Corpus, tmp_path: Path) -> None:
    lines = (
        f"- `ferry.txt {BRANDT}-{BRANDT + 10}` is `PERSON`: “Ola Brandt”",
        f"- `ferry.txt {PORT}-{PORT + 12}` is not `PERSON`",
        "1. `strike.txt 0-4` is not `ORG`",
        "Not an example: `ferry.txt` is a file, and `GPE` a label.",
    )
    assert _findings(corpus, tmp_path / "c", "entities", *lines) == []


def test_every_contradiction_has_its_line(corpus: Corpus, tmp_path: Path) -> None:
    wrong = {
        f"- `ferry.txt {PORT}-{PORT + 12}` is `LOC`": "example_contradicts_gold",
        f"- `ferry.txt {PORT}-{PORT + 12}` is not `GPE`": "example_contradicts_gold",
        f"- `ferry.txt {BRANDT}-{BRANDT + 10}` is `PERSON`: “Ola Brand”": "example_words_differ",
        "- `ferry.txt 5000-5004` is `PERSON`": "example_words_differ",
        "- `gull.txt 0-4` is `PERSON`": "example_document_missing",
        f"- `ferry.txt {BRANDT}-{BRANDT + 10}` is `HERO`": "example_label_missing",
        f"- `ferry.txt {BRANDT}-{BRANDT + 10}` = PERSON": "example_unreadable",
    }
    assert set(wrong.values()) == set(CODES)
    assert {(code, line) for line, code in wrong.items()} == set(_findings(corpus, tmp_path / "c", "entities", *wrong))


def test_what_is_open_contradicts_nothing(corpus: Corpus, tmp_path: Path) -> None:
    """On the Vesk Board two people differ, and no one has settled it."""
    board = read(corpus, "documents", "documents").filter(source="eels.txt")["text"][0].index("Vesk Board")
    line = f"- `eels.txt {board}-{board + 10}` is `ORG`"
    assert _findings(corpus, tmp_path / "c", "entities", line) == []


def test_an_answer_is_an_example_too(corpus: Corpus, tmp_path: Path) -> None:
    good, bad = "- `ferry.txt` `draskia_accession` is `favour`", "- `ferry.txt` `draskia_accession` is `against`"
    asked = "- `ferry.txt` `the_weather` is `favour`"
    found = _findings(corpus, tmp_path / "c", "stance", good, bad, asked)
    assert sorted(found) == [("example_contradicts_gold", bad), ("example_label_missing", asked)]


def test_an_example_reads_well_in_label_studio() -> None:
    """Every mark of it is there as text, in its order."""
    shown = instruction("- `ferry.txt 4-9` is `PERSON`: “Brandt”")
    assert shown == "<p>• <code>ferry.txt 4-9</code> is <code>PERSON</code>: “Brandt”</p>"


def test_code_blocks_hold_no_examples() -> None:
    assert read_examples("```\n- `a.txt 1-2` is `X`\n```\n- `a.txt 1-2` is `X`")[0][0].line == 4


def test_a_change_concerns_the_labels_that_its_section_names() -> None:
    old = "Version: 1\n\n## **PERSON**\nNames of people.\n\n## How\nSlowly.\n"
    new = (
        "Version: 2\n\n## **PERSON**\nNames of people,  and pets.\n\n## How\nSlowly.\n\n## Dates\n`DATE`, not PERSON.\n"
    )
    changed = changed_sections(old, new)
    assert [heading for heading, _ in changed] == ["**PERSON**", "Dates"]
    named = [labels_named(heading, text, ["PERSON", "DATE", "ORG"]) for heading, text in changed]
    assert named == [{"PERSON"}, {"DATE"}]
    assert changed_sections(old, old.replace("Version: 1", "Version: 2").replace("Slowly.", " Slowly.")) == []


def _answer(name: str, number: int, results: list[dict[str, Any]], seconds: float | None) -> dict[str, Any]:
    made = {"id": number, "unique_id": f"00000000-0000-5000-8000-{number:012d}", "completed_by": {"id": number},
            "created_at": "2031-01-01T08:00:00Z", "updated_at": "2031-01-01T09:00:00Z", "result": results}  # fmt: skip
    return made if seconds is None else made | {"lead_time": seconds}


def test_status_tells_what_was_labelled_under_the_older_text(corpus: Corpus, tmp_path: Path) -> None:
    """Two marked people, of whom one has no lead time; the median of three is 1800 s: 3600 + 1800 = 1.5 hours."""
    other = copied(corpus.data.parent, tmp_path / "c")
    for path in [*(other.data / "imports").iterdir()]:
        path.unlink()
    layer, ledger = other.layers()["entities"], Ledger(other.data / "imports")
    row = read(other, "documents", "documents").filter(source="ferry.txt").row(0, named=True)
    data = {name: row[name] for name in ("doc_id", "text", "text_sha256")}
    person, place = [entity(FERRY, "Ola Brandt", "PERSON")], [entity(FERRY, "Port Sellane", "GPE")]
    answers = [_answer("a", 1, person, 3600.0), _answer("b", 2, person, None), _answer("c", 3, place, 1800.0),
               _answer("d", 4, place, 60.0)]  # fmt: skip
    task = {"id": 1, "data": data, "annotations": answers, "predictions": [], "drafts": []}
    ledger.append("entities", [task], server="http://s", project=1, guidelines_sha256=layer.guidelines_sha256)
    keep_guidelines(other.data / "imports", layer)
    other.adjudicate()
    assert other.status().outdated == []
    file = tmp_path / "c" / "annotation" / "entities" / "guidelines.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + "\n## Pets\n\nA pet's name is **PERSON** too.\n", encoding="utf-8")
    (found,) = Corpus.open(tmp_path / "c").status().outdated
    assert (found.layer, found.sections, found.labels) == ("entities", ("Pets",), ("PERSON",))
    assert (found.annotations, found.documents, found.hours) == (2, 1, 1.5)
    assert PSEUDONYM["ada"] not in str(found)
    file.write_text(text + "\n## Everything\n\nLook twice.\n", encoding="utf-8")
    (found,) = Corpus.open(tmp_path / "c").status().outdated
    assert (found.labels, found.annotations) == ((), 4)
    kept = next((other.data / "imports" / "guidelines").iterdir())
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == layer.guidelines_sha256
    kept.unlink()
    (found,) = Corpus.open(tmp_path / "c").status().outdated
    assert found.sections == ("(the older text is not kept)",) and found.annotations == 4


def test_every_code_is_documented() -> None:
    page = (ROOT / "docs" / "explanations" / "codebook.md").read_text(encoding="utf-8")
    assert [code for code in CODES if f"`{code}`" not in page] == []
