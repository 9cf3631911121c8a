"""On a terminal: tables that fit it, colour only where it is wanted, bars that go, Ctrl-C that leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from terminals import ESCAPE, in_pipe, on_terminal

from corpus_kit.cli.tables import layout
from corpus_kit.cli.terminal import cells, cut


@pytest.fixture
def built(built_sample: Path) -> Path:
    return built_sample


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "columns"),
    [
        (["status"], 40),
        (["status"], 80),
        (["status"], 200),
        (["review", "--limit", "8"], 40),
        (["review", "--limit", "8"], 80),
        (["agreement", "--layer", "stance"], 80),
    ],
)
def test_every_line_of_a_table_fits_the_terminal(command: list[str], columns: int, built: Path) -> None:
    shown = on_terminal(command, built, columns=columns)
    assert shown.code == 0
    tables = shown.plain.split("Next:")[0].splitlines()
    words = ("not defined", "stance: ", "The server's", "Left out")
    for line in tables:
        if not line.startswith(words) and "suspicious" not in line:
            assert cell_len(line) <= columns, line


def test_everybodys_figures_are_rows_of_tables_80_columns_wide(built: Path) -> None:
    lines = on_terminal(["status"], built, columns=80).plain.splitlines()
    for header in (
        "layer annotator tasks done skipped drafts overlap median",
        "layer annotator accepted stale rejected agrees measure",
    ):
        at = [line.split() for line in lines].index(header.split())
        assert lines[at + 1].split()[:2] == ["boilerplate", "annotator-01"]


def test_a_pipe_gets_every_character_and_numbers_are_never_cut(built: Path) -> None:
    piped = in_pipe(["review", "--limit", "200"], built).stdout
    assert "…" not in piped.replace("… ", ""), "words are cut by the command at 40 characters, nothing else is"
    wide = in_pipe(["status"], built).stdout
    narrow = on_terminal(["status"], built, columns=40).plain
    figures = [word for word in wide.split() if word.replace(",", "").isdigit()]
    assert figures
    assert all(figure in narrow.split() for figure in figures)


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False)],
)
def test_a_terminal_has_colour_unless_it_is_forbidden(environ: dict[str, Any], coloured: bool, built: Path) -> None:
    shown = on_terminal(["validate", "--nonsense"], built, **environ)
    assert shown.code == 2
    assert bool(ESCAPE.search(shown.drawn)) is coloured, shown.drawn


def test_a_pipe_has_no_colour_unless_it_is_asked_for(built: Path) -> None:
    assert not ESCAPE.search((plain := in_pipe(["validate"], built)).stdout + plain.stderr)
    forced = in_pipe(["validate"], built, FORCE_COLOR="1")
    assert ESCAPE.search(forced.stdout)
    assert ESCAPE.sub("", forced.stdout) == plain.stdout
    assert not ESCAPE.search(in_pipe(["validate", "--nonsense"], built, FORCE_COLOR="0").stderr)
    assert json.loads(in_pipe(["validate", "--json"], built, FORCE_COLOR="1").stdout)["findings"] == []


def pages(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"page-{number:04}.txt").write_text(f"Ferry {number}\n\n" + "The ferry is late again today. " * 60)
    return folder


@pytest.mark.slow
def test_progress_is_a_bar_on_a_terminal_and_a_quiet_line_in_a_log(tmp_path: Path) -> None:
    pages(tmp_path / "pages", 40)
    drawn = on_terminal(["build", "pages", "--out", "one"], tmp_path)
    assert "━" in drawn.drawn
    assert "reading: 40 of 40" not in drawn.plain
    assert drawn.drawn.count("\x1b[?25l") == drawn.drawn.count("\x1b[?25h"), "the cursor is shown again"
    dumb = on_terminal(["build", "pages", "--out", "two"], tmp_path, TERM="dumb")
    logged = in_pipe(["build", "pages", "--out", "three"], tmp_path)
    for text in (dumb.plain, logged.stderr):
        assert "reading: 40 of 40" in text
        assert "━" not in text


def test_ctrl_c_says_one_sentence_and_shows_the_cursor_again(tmp_path: Path) -> None:
    pages(tmp_path / "pages", 3000)
    stopped = on_terminal(["build", "pages", "--out", "out", "--workers", "1"], tmp_path, interrupt_at="━")
    assert stopped.code == 130
    assert "Traceback" not in stopped.plain
    assert stopped.plain.rstrip().endswith(
        "Stopped. Nothing is half-written; the same command goes on where it stopped."
    )
    assert stopped.drawn.rfind("\x1b[?25h") > stopped.drawn.rfind("\x1b[?25l")
    assert not (tmp_path / "out" / "documents").exists()


def test_the_next_step_is_told_to_people_and_not_to_machines(built: Path) -> None:
    for command, following in (("status", "agreement"), ("card", "validate")):
        told = in_pipe([command], built)
        assert f"Next: `corpus-kit {following}" in told.stderr
        assert "Next:" not in told.stdout
        silent = in_pipe([command, "--json"], built)
        assert "Next:" not in silent.stderr
        json.loads(silent.stdout)


def test_the_next_step_names_the_corpus_as_the_user_named_it(built: Path, tmp_path: Path) -> None:
    told = in_pipe(["status", "--corpus", str(built)], tmp_path)
    assert f"`corpus-kit agreement --corpus {built}`" in told.stderr


ROWS = [
    ("漢字の見出し", 1204, "en/a-rather-long-name-of-a-file.txt"),
    ("Zoë 🚀", 7, "b.txt"),
    ("e\u0301te\u0301", 30, "c.txt"),
]


@pytest.mark.parametrize("width", [None, 33, 46, 80])
def test_wide_characters_are_aligned_and_nothing_is_wider_than_asked(width: int | None) -> None:
    lines = list(layout(ROWS, ("title", "n", "source"), width))
    if width is not None:
        assert max(map(cell_len, lines)) <= width
    ends = {cell_len(line[: line.index(n) + len(n)]) for line, n in zip(lines[1:], ("1,204", "7", "30"), strict=True)}
    assert len(ends) == 1, "the numbers end in one column"
    if width in (None, 80):
        assert "漢字の見出し" in lines[1], "where there is room nothing is cut"


def test_words_give_way_before_any_number_does() -> None:
    (line,) = layout([("a-rather-long-name", 12_345_678_901)], (), 26)
    assert line == "a-rather-…  12,345,678,901"


def test_an_interval_is_a_figure_and_is_not_cut() -> None:
    lines = list(layout([("a-rather-long-measure", "[0.813, 0.887]", "34.0%")], ("measure", "interval", "share"), 34))
    assert "[0.813, 0.887]" in lines[1] and "34.0%" in lines[1] and "…" in lines[1]


def test_what_differs_is_never_cut_to_look_the_same() -> None:
    header = ("pair", "measure", "figure")
    pairs = [("annotator-01 & 02", "span_f1_exact", 0.875), ("annotator-01 & 03", "span_f1_exact", 0.855)]
    assert "…" in list(layout(pairs[:1], header, 32))[1], "alone it is cut"
    lines = list(layout(pairs, header, 32))
    assert "pair     annotator-01 & 02" in lines and "pair     annotator-01 & 03" in lines


def test_a_terminal_too_narrow_for_the_columns_gets_a_line_per_cell() -> None:
    rows = [(f"layer-{i}", 10**9, 10**8, 10**7, 10**6) for i in range(2)]
    lines = list(layout(rows, ("layer", "one", "two", "three", "four"), 40))
    assert "one    1,000,000,000" in lines
    assert lines.count("") == 1


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("short", 10, "short"),
        ("the ferry is late again", 10, "the ferry…"),
        ("en/teachers-strike-wire.txt", 15, "en/te…-wire.txt"),
        ("漢字漢字漢字", 5, "漢字…"),
        ("漢字漢字漢字", 6, "漢字…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_what_is_cut_says_so(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown
    assert cells(shown) <= width or text == shown
