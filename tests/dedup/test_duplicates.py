"""Near copies end in one cluster and strangers do not, whatever stands around the article; and a rebuild knows it again."""

from __future__ import annotations

import json
import pickle
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from ingest_samples import ROOT, Run, ingest, rows, write

from corpus_kit import Corpus
from corpus_kit.core.config import Duplicates
from corpus_kit.core.parallel.executor import open_workers
from corpus_kit.core.progress import Silent
from corpus_kit.core.records import Shard
from corpus_kit.core.storage.tables import file_sha256, parts, write_table
from corpus_kit.dedup import pairs as pairing
from corpus_kit.dedup.find import DuplicateResult, find_copies
from corpus_kit.dedup.lines import LINE, LINES, PAGE, PAGES, LineTask, count_lines, count_publishers
from corpus_kit.dedup.pairs import BandTask, band_tasks, pair_bands
from corpus_kit.dedup.scan import ScanTask
from corpus_kit.dedup.settings import DedupRecipe
from corpus_kit.dedup.state import load_listing, open_array, save_array, save_listing
from corpus_kit.dedup.verify import ShingleTask, VerifyTask
from corpus_kit.ingest import documents
from corpus_kit.ingest.assign import columns_of_shards

_WORDS = [a + b for a in "har por fer min tea str bri lak vil mar".split() for b in "bour ten lin dor sto ret".split()]
_MENU = "\n".join(f"Section {w} and {v}" for w, v in zip(_WORDS[:40], _WORDS[20:], strict=False))
_FOOTER = "All rights reserved by the paper and its readers on both shores of the strait since the first printing press"


def article(seed: int | str, words: int = 220, paragraph: int = 40) -> str:
    drawn = random.Random(seed).choices(_WORDS, k=words)
    return "\n".join(" ".join(drawn[i : i + paragraph]) + "." for i in range(0, words, paragraph))


def edited(text: str, edits: int, seed: int = 0) -> str:
    """The text with single words replaced, far enough apart that each takes five shingles away."""
    words = text.split(" ")
    for number, place in enumerate(random.Random(seed).sample(range(6, len(words) - 6, 6), k=edits)):
        words[place] = f"new{number}"
    return " ".join(words)


def framed(body: str, number: int = 0) -> str:
    return f"{_MENU}\n\n{body}\n\nComments ({number})\n{_FOOTER}"


@dataclass(slots=True)
class Search:
    """Searches for copies on one folder of documents, with state that stays."""

    folder: Path
    found: DuplicateResult = field(default_factory=DuplicateResult)

    def __call__(
        self,
        built: Run,
        *,
        work: str = "work",
        workers: int = 1,
        masked: Sequence[Path] = (),
        **settings: float | int | bool,
    ) -> dict[str, str]:
        """source → the smallest source of its cluster."""
        files = parts(built.out / "documents", "documents")
        ids, texts, _ = columns_of_shards(files)
        shards = [Shard(p, file_sha256(p)) for p in files]
        if masked:
            shards = [replace(s, masked=m, masked_sha256=file_sha256(m)) for s, m in zip(shards, masked, strict=True)]
        recipe = DedupRecipe(Duplicates.model_validate(settings))
        with open_workers(workers) as pool:
            clusters, self.found = find_copies(shards, ids, texts, self.folder / work, recipe, pool, Silent())
        source = {int(d["doc_id"], 16): d["source"] for d in built.documents}
        together: dict[int, list[str]] = {}
        for doc_id, cluster in zip(ids.tolist(), clusters.tolist(), strict=True):
            assert cluster <= doc_id
            together.setdefault(cluster, []).append(source[doc_id])
        return {s: min(members) for members in together.values() for s in members}


@pytest.fixture
def search(tmp_path: Path) -> Search:
    return Search(tmp_path)


def jsonl(pages: Sequence[str | dict[str, str]]) -> str:
    records = [p if isinstance(p, dict) else {"text": p} for p in pages]
    return "".join(json.dumps({"id": f"{i:04d}"} | r, ensure_ascii=False) + "\n" for i, r in enumerate(records))


def test_the_wire_story_of_two_papers_is_one_cluster_in_the_sample_and_nothing_else_is(tmp_path: Path) -> None:
    made = ingest(ROOT / "data" / "raw", tmp_path / "out").by_source
    one, other = (made[f"en/{n}.txt"] for n in ("02-teachers-strike-wire", "03-teachers-strike-wire-ondel"))
    assert one["duplicate_cluster"] == other["duplicate_cluster"] == min(one["doc_id"], other["doc_id"])
    rest = [d for d in made.values() if d not in (one, other)]
    assert all(d["duplicate_cluster"] == d["doc_id"] for d in rest)


def test_pages_that_share_a_heavy_menu_and_footer_are_strangers(tmp_path: Path, search: Search) -> None:
    pages = [framed(article(n, words=30), n) for n in range(60)]
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl(pages)}), tmp_path / "out")
    assert len(set(search(built).values())) == 60
    # The same pages with their menus counted are all one cluster: it is the menus that this is about.
    assert len(set(search(built, repeated_lines=0).values())) == 1


def test_two_pages_that_hold_nothing_but_the_same_menu_are_copies(tmp_path: Path, search: Search) -> None:
    """Every line of theirs is repeated; still they are compared, and not as two pages without any words."""
    pages = [framed(article(n, words=30), n) for n in range(60)] + [f"{_MENU}\n{_FOOTER}", f"{_MENU}\n\n{_FOOTER}"]
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl(pages)}), tmp_path / "out")
    made = search(built)
    assert made["a.jsonl#0061"] == "a.jsonl#0060"
    assert len(set(made.values())) == 61


def test_copies_are_found_under_different_menus(tmp_path: Path, search: Search) -> None:
    pages = [{"text": framed(article(n), n), "outlet": "Post"} for n in range(30)]
    pages += [
        {"text": f"{article(f'menu {n}', 30, 3)}\n{edited(article(n), 3)}", "outlet": "Weekly"} for n in range(12)
    ]
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl(pages)}), tmp_path / "out")
    made = search(built)
    for n in range(12):
        assert made[f"a.jsonl#{30 + n:04d}"] == f"a.jsonl#{n:04d}"
    assert len(set(made.values())) == 30


def test_a_story_printed_many_times_is_no_menu(tmp_path: Path, search: Search) -> None:
    pages = [edited(article("wire"), 2, seed=n) for n in range(40)] + [article(n) for n in range(120)]
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl(pages)}), tmp_path / "out")
    made = search(built)
    assert {made[f"a.jsonl#{n:04d}"] for n in range(40)} == {"a.jsonl#0000"}
    assert search.found.clusters == 1 and search.found.copies == 40


@pytest.mark.parametrize(
    ("alphabet", "glue"),
    [
        ("罢工谈判教师学校港口渡轮部长预算冬天议会报告地区河流市场车站", ""),
        ("กขคงจฉชซดตถทธนบปผพมยรลวสห", ""),
        (_WORDS, " "),
    ],
    ids=["Chinese", "Thai", "English"],
)
def test_copies_are_found_in_scripts_with_and_without_spaces(
    alphabet: str, glue: str, tmp_path: Path, search: Search
) -> None:
    texts = [random.Random(n).choices(alphabet, k=400) for n in range(20)]
    near = [*texts[0][:200], *random.Random("new").choices(alphabet, k=10), *texts[0][205:]]
    built = ingest(
        write(tmp_path / "raw", {"a.jsonl": jsonl([glue.join(t) for t in [*texts, near]])}), tmp_path / "out"
    )
    made = search(built)
    assert made["a.jsonl#0020"] == "a.jsonl#0000" and len(set(made.values())) == 20


def test_pages_without_words_are_nobodys_copy_but_their_equals(tmp_path: Path, search: Search) -> None:
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl(["!!!", "???", "!!!", "one", "two"])}), tmp_path / "out")
    assert len(set(search(built).values())) == 4


def test_without_near_only_equal_texts_are_copies(tmp_path: Path, search: Search) -> None:
    pages = [article(1), edited(article(1), 1), article(1)]
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl(pages)}), tmp_path / "out")
    made = search(built, near=False)
    assert made == {"a.jsonl#0000": "a.jsonl#0000", "a.jsonl#0001": "a.jsonl#0001", "a.jsonl#0002": "a.jsonl#0000"}
    assert len(set(search(built).values())) == 1


def test_another_threshold_compares_no_pair_again(tmp_path: Path, search: Search) -> None:
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl([article(1), edited(article(1), 4)])}), tmp_path / "out")
    assert len(set(search(built).values())) == 1 and search.found.verified == 1
    assert len(set(search(built, threshold=0.95).values())) == 2 and search.found.verified == 0
    assert len(set(search(built, threshold=0.5).values())) == 1 and search.found.scanned == 0


def test_masked_spans_do_not_count(tmp_path: Path, search: Search) -> None:
    advert = article("advert", 400)
    texts = [f"{article(n, 60)}\n{advert}" for n in range(2)]
    built = ingest(write(tmp_path / "raw", {"a.jsonl": jsonl(texts)}), tmp_path / "out")
    assert len(set(search(built).values())) == 1
    spans = [(d["doc_id"], d["text"].index(advert), len(d["text"])) for d in built.documents]
    columns = dict(zip(("doc_id", "start", "end"), map(list, zip(*spans, strict=True)), strict=True))
    write_table(tmp_path / "spans.parquet", pa.table(columns))
    assert len(set(search(built, masked=[tmp_path / "spans.parquet"]).values())) == 2
    assert len(set(search(built, masked=[tmp_path / "spans.parquet"]).values())) == 2 and search.found.scanned == 0
    assert len(set(search(built).values())) == 1


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """240 pages of four papers in many small shards, some of them copies."""
    monkeypatch.setattr(documents, "SHARD_BYTES", 20_000)
    raw = tmp_path / "raw"
    for paper in range(4):
        pages = [framed(article(f"{paper} {n}", 120), n) for n in range(50)]
        pages += [framed(edited(article(f"{(paper + 1) % 4} {n}", 120), 2, n), n) for n in range(10)]
        records = jsonl(
            [{"text": p, "outlet": f"Paper {paper}", "id": f"{paper}-{n:02d}"} for n, p in enumerate(pages)]
        )
        write(raw, {f"{paper}-{n:02d}.jsonl": line + "\n" for n, line in enumerate(records.splitlines())})
    return raw


def test_two_workers_and_no_memory_of_the_last_build_give_the_same_bytes(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus_kit.core.parallel.executor.SECONDS_WORTH_A_POOL", 0)
    one = ingest(papers, tmp_path / "one", workers=1)
    two = ingest(papers, tmp_path / "two", workers=2)
    assert one.result.clusters == 40 and one.result.copies == 80
    files = [[p.read_bytes() for p in sorted((r.out / "documents").iterdir())] for r in (one, two)]
    assert files[0] == files[1] and len(files[0]) > 5
    shutil.rmtree(one.out / ".work" / "duplicates")
    ingest(papers, tmp_path / "one")
    assert [p.read_bytes() for p in sorted((one.out / "documents").iterdir())] == files[0]


def test_a_rebuild_reads_new_shards_only_and_finds_what_a_first_build_finds(
    papers: Path, tmp_path: Path, search: Search
) -> None:
    built = ingest(papers, tmp_path / "out")
    search(built)
    all_shards = search.found.scanned
    search(built)
    assert (search.found.scanned, search.found.signed, search.found.verified) == (0, 0, 0)
    story = framed(edited(article("0 3", 120), 3, 99))
    write(papers, {"new.jsonl": jsonl([{"text": story, "outlet": "Paper 2", "id": "new"}])})
    again = ingest(papers, tmp_path / "out")
    made = search(again)
    assert 0 < search.found.scanned <= 3 < all_shards and 0 < search.found.verified <= 3
    assert made["new.jsonl#new"] == made["0-03.jsonl#0-03"]
    assert made == search(again, work="fresh")


@pytest.mark.parametrize("noted", [True, False])
@pytest.mark.parametrize("name", ["lines.npy", "pages.npy", "spans.npy", "signed-*.npy"])
def test_a_state_file_that_a_crash_tore_is_made_again(
    name: str, noted: bool, papers: Path, tmp_path: Path, search: Search
) -> None:
    built = ingest(papers, tmp_path / "out")
    masked = _no_spans(built, tmp_path)
    made = search(built, masked=masked)
    (result,) = (tmp_path / "work").glob("*/clusters.npy.json")
    result.unlink()
    if not noted:  # of a search that was killed before it came to its end
        (result.parent / "arrays.json").unlink()
    torn = sorted((tmp_path / "work").glob(f"*/*/{name}"))[0]
    torn.write_bytes(torn.read_bytes()[:-10])
    assert search(built, masked=masked) == made and search.found.scanned == 1


@pytest.mark.parametrize(
    "name", ["lines.npy", "pages.npy", "spans.npy", "signed-*.npy", "verdicts.npy", "clusters.npy"]
)
def test_a_state_file_that_was_written_to_is_made_again(
    name: str, papers: Path, tmp_path: Path, search: Search
) -> None:
    """It is a whole array of the right size, with other numbers in it."""
    built = ingest(papers, tmp_path / "out")
    masked = _no_spans(built, tmp_path)
    made = search(built, masked=masked)
    (result,) = (tmp_path / "work").glob("*/clusters.npy.json")
    for path in (tmp_path / "work").rglob(name):
        path.write_bytes(path.read_bytes()[:128] + bytes(path.stat().st_size - 128))
    if name != "clusters.npy":
        result.unlink()
    assert search(built, masked=masked) == made


def test_ranges_of_lines_give_together_what_the_whole_gives(tmp_path: Path) -> None:
    """Cuts stand on keys and between them; a line that is there on six pages is found in one range, whichever it is."""
    rng = np.random.default_rng(0)
    keys = np.sort(rng.integers(0, 1 << 64, 40, np.uint64))
    folders = []
    for shard in range(3):
        folder = tmp_path / f"shard-{shard}"
        folder.mkdir()
        pages = np.zeros(20, PAGE)
        pages["marks"] = rng.integers(0, 1 << 32, (20, 8), np.uint64)
        lines = np.zeros(len(keys) * 2, LINE)
        lines["key"], lines["document"] = np.repeat(keys, 2), np.tile((shard, 19 - shard), len(keys))
        save_array(folder / LINES, lines)
        save_array(folder / PAGES, pages)
        folders.append(str(folder))
    publishers = str(tmp_path / "publishers.npy")
    save_array(publishers, count_publishers(open_array(f"{folder}/{PAGES}") for folder in folders))
    listing = save_listing(tmp_path / "shards.txt", folders)

    def found(first: int, last: int) -> list[int]:
        count_lines(LineTask(listing, first, last, publishers, 5, str(tmp_path / "found.npy")))
        return list(open_array(tmp_path / "found.npy").tolist())

    end = (1 << 64) - 1
    assert found(0, end) == keys.tolist()
    for cut in (int(keys[0]), int(keys[17]), int(keys[17]) + 1, int(keys[39]), 1 << 63):
        assert found(0, cut) + found(cut, end) == keys.tolist()


def _no_spans(built: Run, folder: Path) -> list[Path]:
    """A file of spans for each shard, in which there is none."""
    empty = folder / "none.parquet"
    types = (("doc_id", pa.string()), ("start", pa.int64()), ("end", pa.int64()))
    write_table(empty, pa.table({name: pa.array([], kind) for name, kind in types}))
    return [empty] * len(parts(built.out / "documents", "documents"))


def test_a_task_names_a_listing_and_not_every_shard(tmp_path: Path) -> None:
    """At thirty thousand shards a task that named them all would be six megabytes, for each of the workers' threads."""
    folders = [f"/a/shared/folder/.work/duplicates/{n:016x}/{n:032x}" for n in range(30_000)]
    listing = save_listing(tmp_path / "shards.txt", folders)
    assert load_listing(listing) == tuple(folders)
    recipe = DedupRecipe(Duplicates())
    asked = [
        LineTask(listing, 0, 1 << 60, "publishers.npy", 6, "lines.npy"),
        *band_tasks(listing, "signed.npy", 10_000_000, 25, "", str(tmp_path)),
        ShingleTask(ScanTask("shard.parquet", folders[0], recipe), "wanted.npy", 0, 100, 0, "shingles.npy"),
        VerifyTask("located.npy", 0, 4096, str(tmp_path), "similar.npy"),
    ]
    assert max(len(pickle.dumps(task)) for task in asked) < 2000


def test_a_search_keeps_no_state_of_shards_that_are_no_more(papers: Path, tmp_path: Path, search: Search) -> None:
    search(ingest(papers, tmp_path / "out"))
    for path in sorted(papers.iterdir())[60:]:
        path.unlink()
    built = ingest(papers, tmp_path / "out")
    search(built)
    (state,) = (tmp_path / "work").iterdir()
    shards = [p for p in state.iterdir() if p.is_dir()]
    assert len(shards) == len(parts(built.out / "documents", "documents"))


def test_the_manifest_says_with_what_copies_were_found(tmp_path: Path) -> None:
    Corpus.without(tmp_path / "out").build([write(tmp_path / "raw", {"a.txt": article(1)})], report=False)
    said = json.loads((tmp_path / "out" / "documents" / "manifest.json").read_text(encoding="utf-8"))["duplicates"]
    assert said["threshold"] == 0.7 and said["permutations"] == 128 and said["bands"] == 25
    assert set(said["libraries"]) == {"rensa", "rensa algorithm", "numpy", "unicode"}


def test_nothing_is_dropped(papers: Path, tmp_path: Path) -> None:
    made = ingest(papers, tmp_path / "out")
    assert len(rows(made.out / "documents")) == 240 == made.result.documents


def _listing(folder: Path) -> str:
    return save_listing(folder / "shards.txt", [str(folder)])


def bands_of(folder: Path, hashes: list[int], labels: list[int] | None = None) -> set[tuple[int, ...]]:
    """The pairs that one band with these hashes gives."""
    save_array(folder / "signed.npy", np.array([[0] * len(hashes), hashes], np.uint64))
    if labels is not None:
        save_array(folder / "labels.npy", np.array(labels, np.int64))
    known = str(folder / "labels.npy") if labels is not None else ""
    pairs = str(folder / "pairs.npy")
    count = pair_bands(BandTask(_listing(folder), "signed.npy", 0, 1, 0, 1, known, pairs))
    made = {tuple(p) for p in open_array(folder / "pairs.npy").tolist()}
    assert len(made) == count
    return made


def test_the_second_round_asks_only_for_pairs_that_are_not_yet_together(tmp_path: Path) -> None:
    hashes = [7, 0, 7, 9, 7, 0, 7]  # 0: no shingles, no one's candidate
    assert bands_of(tmp_path, hashes) == {(0, 2), (0, 4), (0, 6)}
    assert bands_of(tmp_path, hashes, [0, 1, 0, 3, 4, 5, 4]) == {(0, 4), (0, 6), (2, 4), (2, 6)}
    assert bands_of(tmp_path, hashes, [0, 1, 0, 3, 0, 5, 0]) == set()


def test_the_second_round_sorts_nothing_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = [7, 9, 7, 9, 7, 8]
    first = bands_of(tmp_path, hashes)
    monkeypatch.setattr(pairing, "_bands", lambda task: pytest.fail("signatures are read again"))
    assert first == {(0, 2), (0, 4), (1, 3)}
    assert bands_of(tmp_path, hashes, [0, 1, 2, 1, 0, 5]) == {(0, 2), (2, 4)}


def test_a_crowded_bucket_gives_a_bounded_number_of_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "_CROWD", 20)
    made = bands_of(tmp_path, [7] * 100, list(range(100)))
    assert len(made) < 100 * 17 and {(n, n + 1) for n in range(99)} <= made


def test_parts_of_a_band_give_together_what_the_whole_gives(tmp_path: Path) -> None:
    hashes = np.random.default_rng(0).integers(1, 1 << 64, 50, np.uint64)
    hashes = np.concatenate((hashes, hashes[:20]))
    save_array(tmp_path / "signed.npy", np.stack((hashes, hashes)))
    made: set[tuple[int, ...]] = set()
    for part in range(3):
        target = tmp_path / f"{part}.npy"
        pair_bands(BandTask(_listing(tmp_path), "signed.npy", 0, 1, part, 3, "", str(target)))
        made |= {tuple(p) for p in open_array(target).tolist()}
    assert made == {(n, n + 50) for n in range(20)}
