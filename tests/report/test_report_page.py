"""What the report promises without a browser: one file, the same bytes, no one's name, nothing that could run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from page_tables import ReportPage
from report_samples import EMOJI, LONG, MARKED

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError
from corpus_kit.core.reasons import REASONS
from corpus_kit.core.storage.folders import read_checked_json, read_manifest
from corpus_kit.report.page import inert
from corpus_kit.report.visible import is_web_address, visible

SECTIONS = "came-in documents splits boilerplate labels agreement people suggestions reader".split()


class Page(HTMLParser):
    """Every tag with its attributes, and the content of the elements that are no markup."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within = tag if tag in self.raw else ""

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self.raw[self._within].append(data)
        else:
            self.words.append(data)


def sample(page: str) -> dict[str, object]:
    """The reader's JSON, as a browser would read it."""
    found = re.search(r'<script type="application/json" id="sample">(.*?)</script>', page, re.DOTALL)
    assert found
    made: dict[str, object] = json.loads(found[1])
    return made


def test_every_section_is_there(page: str) -> None:
    ids = [attributes.get("id") for _, attributes in Page(page).tags]
    assert [name for name in SECTIONS if name not in ids] == []


def test_the_policy_allows_the_two_inline_parts_and_nothing_else(page: str) -> None:
    parsed = Page(page)
    (policy,) = [a["content"] for t, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None and policy.startswith("default-src 'none';")
    assert "unsafe" not in policy and "http" not in policy and "data:" not in policy
    (style,) = parsed.raw["style"]
    script = parsed.raw["script"][-1]
    for content in (style, script):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_the_page_has_no_way_out(page: str) -> None:
    """No address is loaded: the only attributes that name one are links a person would have to follow."""
    for tag, attributes in Page(page).tags:
        assert tag not in ("link", "iframe", "img", "object", "embed", "form[action]", "base"), tag
        assert not {"src", "srcset", "action", "style", "background", "poster"} & attributes.keys(), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        if "href" in attributes:
            assert str(attributes["href"]).startswith("#"), attributes


def test_hostile_text_is_in_the_data_whole_and_as_data_only(page: str) -> None:
    documents = {d["id"]: d for d in sample(page)["documents"]}  # type: ignore[attr-defined]
    hostile = next(d for d in documents.values() if "window.hit=1" in d["text"])
    assert "</script><script>window.hit=3</script><!--<script>" in hostile["text"]
    assert page.count("<script") == 2, "the sample and the page's own script"
    assert "<!--" not in page
    printed = "".join(Page(page).words)
    assert "\u202e" not in printed and "turned[U+202E].txt" in printed, (
        "outside the data an override is shown as its code"
    )


def test_json_for_a_script_element_cannot_end_it() -> None:
    text = "</script><!--&lt;\u2028\u2029\x7f"
    made = inert(json.dumps({"text": text}, ensure_ascii=False))
    assert not set(made) & set("<>&\u2028\u2029\x7f")
    assert json.loads(made)["text"] == text


def test_acting_characters_are_shown_as_their_code() -> None:
    assert visible("a\u202eb\x07c\td\n") == "a[U+202E]b[U+0007]c\td\n"
    assert visible("👩‍👩‍👧 e\u0301 שלום") == "👩‍👩‍👧 e\u0301 שלום", "what a script needs is left alone"


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://news.example/a", True),
        ("http://news.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("http://[broken", False),
        ("//news.example", False),
        (None, False),
    ],
)
def test_only_web_addresses_are_linked(url: str | None, linked: bool) -> None:
    assert is_web_address(url) is linked


def test_offsets_in_the_data_are_code_points(page: str) -> None:
    documents = sample(page)["documents"]
    emoji = next(d for d in documents if d["text"] == EMOJI)  # type: ignore[attr-defined]
    ada = next(r for r in emoji["layers"]["entities"] if r["who"] == "annotator-01")
    assert [EMOJI[start:end] for start, end, _ in ada["spans"]] == list(MARKED)


def test_a_long_text_is_cut_and_says_so(page: str) -> None:
    (long,) = [d for d in sample(page)["documents"] if d["text"].startswith("xxx")]  # type: ignore[attr-defined]
    assert len(long["text"]) + long["hidden"] == len(LONG)
    assert len(page) < 1_000_000


def test_the_page_names_every_reason_with_its_next_step(page: str) -> None:
    words = " ".join(" ".join(Page(page).words).split())
    found = [code for code in REASONS if code in words]
    assert found
    for code in found:
        assert REASONS[code].meaning in words
        assert REASONS[code].hint in words


def test_nobodys_name_or_address_is_on_the_page(hostile: Corpus, page: str) -> None:
    assert "annotator-01" in page
    for name in ("ada@", "ben@", "cyd@", "people.example"):
        assert name not in page
    for folder in (str(hostile.root), str(Path.home()), "file://"):
        assert folder not in page


def test_the_manifest_tells_what_the_page_was_made_from(hostile: Corpus) -> None:
    folder = hostile.data / "report"
    manifest = read_manifest(folder)
    assert manifest is not None
    (file,) = manifest["files"]
    assert file["sha256"] == hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest()
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "report.html"]
    documents = read_manifest(hostile.data / "documents")
    assert documents is not None and manifest["inputs"]["documents"] == documents["fingerprint"]


def test_an_unchanged_corpus_is_not_reported_anew_and_another_look_is(
    hostile: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hostile.report().unchanged
    monkeypatch.setattr("corpus_kit.report.build._look_sha256", lambda: "another")
    assert not hostile.report().unchanged
    monkeypatch.undo()
    assert not hostile.report().unchanged


def test_the_same_corpus_gives_the_same_bytes_elsewhere_and_from_nothing_kept(
    hostile: Corpus, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    place = tmp_path / "another" / "place"
    assert hostile.root is not None
    made = ["documents", "suggestions", "annotations", "gold", "rejected", "release", "report", ".work"]
    shutil.copytree(hostile.root, place, ignore=shutil.ignore_patterns(*made))
    other = Corpus.open(place)
    other.build(report=False)
    assert not (other.data / "report").exists()
    assert other.report(workers=2).path.read_text(encoding="utf-8") == page


def test_one_page_can_go_anywhere(hostile: Corpus, page: str, tmp_path: Path) -> None:
    made = hostile.report(tmp_path / "deep" / "here.html")
    assert made.path.read_text(encoding="utf-8") == page
    assert [p.name for p in made.path.parent.iterdir()] == ["here.html"]
    with pytest.raises(UsageError, match="is a folder"):
        hostile.report(tmp_path)


def test_without_documents_the_report_says_why(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "only.txt").write_bytes(b"\x00\x01\x02" * 100)
    result = Corpus.without(tmp_path / "out").build([raw], tmp_path / "out")
    assert result.documents == 0 and result.report is not None
    words = " ".join(Page(result.report.read_text(encoding="utf-8")).words)
    assert next(iter(result.rejected)) in words


def test_a_report_nobody_wants_is_taken_away(tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    (raw / "page.txt").write_text("A page about the lighthouse.\n", encoding="utf-8")
    corpus = Corpus.without(out)
    assert corpus.build([raw], out).report == out / "report" / "report.html"
    assert corpus.build([raw], out, report=False).report is None
    assert not (out / "report").exists()


def test_before_the_first_build_there_is_nothing_to_report(tmp_path: Path) -> None:
    Corpus.init(tmp_path / "new")
    with pytest.raises(UsageError, match="There are no tables"):
        Corpus.open(tmp_path / "new").report()


def test_what_became_of_suggestions_is_what_the_exports_tell(built_sample: Path, tmp_path: Path) -> None:
    """Counted from the exports by each result's own word; the snapshot beside it tells what was offered."""
    told: dict[tuple[str, str], Counter[str]] = {}
    for layer in ("boilerplate", "entities", "stance"):
        export = json.loads((built_sample / "data" / "imports" / f"sample-{layer}.json").read_text(encoding="utf-8"))
        for annotation in (a for task in export for a in task["annotations"]):
            if annotation["prediction"] and not annotation["was_cancelled"]:
                offered = {result["id"] for result in annotation["prediction"]["result"]}
                origins = Counter(result["origin"] for result in annotation["result"])
                if annotation["parent_prediction"] is None and not origins.keys() & {
                    "prediction",
                    "prediction-changed",
                }:
                    continue  # the server keeps a snapshot of what it would have offered, though nothing was taken from it
                kept = {result["id"] for result in annotation["result"]}
                counts = told.setdefault((layer, annotation["prediction"]["model_version"]), Counter())
                counts.update(annotations=1, suggested=len(offered), deleted=len(offered - kept))
                counts.update(
                    accepted=origins["prediction"], edited=origins["prediction-changed"], added=origins["manual"]
                )
    assert told
    corpus = Corpus.open(shutil.copytree(built_sample, tmp_path / "news"))
    shown = ReportPage((corpus.data / "report" / "report.html").read_text(encoding="utf-8"))
    found = {
        (row[0], row[2]): [cell.split()[0] for cell in row[3:]]
        for row in shown.tables["What became of suggestions"].body
    }
    names = ("annotations", "suggested", "accepted", "edited", "deleted", "added")
    assert found == {key: [f"{counts[name]:,}" for name in names] for key, counts in told.items()}
    kept_file = corpus.data / ".work" / "report" / "effects.json"
    kept_file.write_text("{", encoding="utf-8")
    shutil.rmtree(corpus.data / "report")
    assert not corpus.report().unchanged
    assert read_checked_json(kept_file)["rows"], "a damaged file is counted again"
