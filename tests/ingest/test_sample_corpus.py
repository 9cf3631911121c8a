"""The repository's own corpus: every page taken, with the facts a reader finds in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from ingest_samples import ROOT, Run, ingest

from corpus_kit.ingest.dates import find_dates

# Headlines that are null stand in their pages but are too uncertain to be given.
# source: start of the headline, day, start of the day (None: from the sidecar or a field, or not said at all), language
EXPECTED: dict[str, tuple[int | None, str | None, int | None, str]] = {
    "en/01-halvern-pipeline.txt": (187, "2031-10-18", 252, "en"),
    "en/02-teachers-strike-wire.txt": (90, "2031-10-21", 177, "en"),
    "en/03-teachers-strike-wire-ondel.txt": (77, "2031-10-21", 131, "en"),
    "en/04-lantern-festival.txt": (176, None, None, "en"),
    "en/05-accession-machine-translated.txt": (None, "2032-02-27", None, "en"),
    "en/06-accession-opinion.txt": (29, "2032-05-11", 76, "en"),
    "es/15-huelga-de-docentes.txt": (160, "2031-10-18", 216, "es"),
    "es/16-gasoducto-halvern.txt": (106, "2031-11-22", 185, "es"),
    "es/17-adhesion-draskia.txt": (199, "2033-07-13", None, "es"),
    "pl/13-gazociag-halvern.txt": (147, "2031-10-19", 227, "pl"),
    "pl/14-przystapienie-draskii.txt": (131, "2032-05-24", 306, "pl"),
    "ru/07-gazoprovod-halvern.txt": (130, "2031-10-18", 212, "ru"),
    # Its headline stands once, glued to the section's name, and its date above it: null rather than a guess.
    "ru/08-zabastovka-uchiteley.txt": (None, None, None, "ru"),
    "ru/09-vstuplenie-draskii.txt": (62, None, None, "ru"),
    "uk/10-vstup-draskii.txt": (146, "2032-03-10", 208, "uk"),
    "uk/11-hazoprovid-halvern.txt": (69, "2033-02-14", 149, "uk"),
    "uk/12-straik-uchyteliv.txt.gz": (155, "2031-11-04", 247, "uk"),
    "wire/18-strait-wire-briefs.jsonl#sw-20311114-007": (0, "2031-11-14", None, "en"),
    "wire/18-strait-wire-briefs.jsonl#sw-20330216-002": (0, "2033-02-16", None, "pl"),
    "wire/18-strait-wire-briefs.jsonl#sw-20340102-001": (0, "2034-01-02", None, "es"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("sample") / "out"
    return ingest(ROOT / "data" / "raw", out, language=True, columns={"published_on": "date"})


def test_every_page_is_taken(made: Run) -> None:
    assert made.rejected == [] and list(made.by_source) == list(EXPECTED)


@pytest.mark.parametrize("source", EXPECTED)
def test_headline_day_and_language_are_those_of_the_page(source: str, made: Run) -> None:
    title_start, day, published_start, language = EXPECTED[source]
    row = made.by_source[source]
    found = row["title_start"], row["published_on"], row["published_start"], row["language"]
    assert found == (title_start, date.fromisoformat(day) if day else None, published_start, language)
    text = row["text"]
    if title_start is not None:
        assert text[title_start : row["title_end"]] == row["title"]
    if published_start is not None:
        assert [d.value for d in find_dates(text[published_start : row["published_end"]])] == [row["published_on"]]


def test_encodings_and_newlines_are_recorded_and_nothing_of_them_is_left_in_the_text(made: Run) -> None:
    kinds = {(d["encoding"], d["newline"]) for d in made.documents}
    assert {("cp1251", "lf"), ("utf-16-le", "lf"), ("utf-8", "crlf"), ("utf-8", "lf")} <= kinds
    assert all("\r" not in d["text"] and not d["text"].startswith("\ufeff") for d in made.documents)


def test_the_pages_are_the_repositorys_only_texts(made: Run) -> None:
    files = [p for p in (ROOT / "data" / "raw").rglob("*") if p.is_file() and p.name != "metadata.csv"]
    assert made.result.files == len(files) == 18
    assert isinstance(made.out, Path)
