"""Files of delimited values as spreadsheets, databases and scripts write them: recognised, or asked about; nothing lost."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_samples import ingest, page, write

from corpus_kit.ingest.formats.dialects import find_dialect
from corpus_kit.ingest.formats.rows import BadRow, CellRow, Dialect, read_rows

PROSE = [
    "The ferry, which was late, came at 10:30; no one knew why.",
    "“We waited,” she said; “and then, well, we went home.”",
    "Prices rose by 3,5 %; the council, however, said nothing.",
    "It's the harbour's oldest crane | and its loudest.",
]


def table(delimiter: str, quoting: int, end: str = "\n", rows: int = 30) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerow(["id", "headline", "body"])
    for i in range(rows):
        writer.writerow([i, f"Story {i}", f"{PROSE[i % 4]}\nSecond paragraph {i}." if i % 5 == 0 else PROSE[i % 4]])
    return out.getvalue()


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_delimiter_quoting_and_codec_is_recognised(codec: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for d, delimiter in enumerate(",;\t|^\x01"):
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC):
            content = table(delimiter, quoting, "\r\n").encode(codec)
            write(raw / f"{d}{quoting}", {"a.csv": content, "b.tsv": content})
    columns = {"text": "body", "title": "headline"}
    made = ingest(raw, tmp_path / "out", columns=columns, language=False, id_scope="file")
    assert made.rejected == []
    found: dict[str, list[tuple[str, str]]] = {}
    for row in made.documents:
        found.setdefault(row["source"].split("#")[0], []).append((row["title"], row["text"]))
    assert len(found) == 36
    texts = [PROSE[i % 4] + (f"\nSecond paragraph {i}." if i % 5 == 0 else "") for i in range(30)]
    assert all(rows == [(f"Story {i}", text) for i, text in enumerate(texts)] for rows in found.values())


def test_a_spreadsheets_own_word_for_the_delimiter_is_taken(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.csv": "sep=;\r\nid;text\r\n1;A ferry, late\r\n2;A bridge, open\r\n"})
    made = ingest(raw, tmp_path / "out")
    assert [d["text"] for d in made.documents] == ["A ferry, late", "A bridge, open"]


def test_single_quotes_around_cells_are_taken_off_and_apostrophes_stay(tmp_path: Path) -> None:
    rows = "".join(f"{i},'The harbour, round {i}'\n" for i in range(20))
    raw = write(tmp_path / "raw", {"a.csv": "id,text\n" + rows, "b.csv": "id,text\nx,It's late\ny,'Tis open\n"})
    made = ingest(raw, tmp_path / "out")
    assert made.by_source["a.csv#3"]["text"] == "The harbour, round 3"
    assert made.by_source["b.csv#x"]["text"] == "It's late" and made.by_source["b.csv#y"]["text"] == "'Tis open"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (r'"He said \"no\" today."', 'He said "no" today.'),
        (r'"A path C:\new and \"words\""', r'A path C:\new and "words"'),
        (r'"It ends in a backslash \\"', "It ends in a backslash \\"),
        (r'"Both \"ways\" of ""quoting"""', 'Both "ways" of "quoting"'),
        (r"A path C:\temp, unquoted", None),
    ],
)
def test_a_backslash_escapes_quotes_and_is_itself_elsewhere(cell: str, text: str | None, tmp_path: Path) -> None:
    rows = "".join(f'{i},"Story {i} says \\"late\\" again"\n' for i in range(10))
    raw = write(tmp_path / "raw", {"a.csv": f"id,text\n{rows}x,{cell}\n"})
    made = ingest(raw, tmp_path / "out")
    assert made.documents[0]["text"] == 'Story 0 says "late" again'
    if text is None:
        assert made.reasons == [("a.csv#11", "malformed_csv")], "a comma too many"
    else:
        assert made.rejected == [] and made.by_source["a.csv#x"]["text"] == text


def test_a_backslash_is_kept_where_it_escapes_nothing(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.csv": 'id,text\n1,"C:\\new\\table"\n2,plain \\ text\n'})
    assert [d["text"] for d in ingest(raw, tmp_path / "out").documents] == ["C:\\new\\table", "plain \\ text"]


BROKEN = {
    "quotes": ('5x,"He said "no" today."\n', 1),
    "open": ('5x,"No one closes this\n', 1),
    "paragraphs": ('5x,"A text "of" several\nlines, one, two\nand three"\n', 1),
    "many": ("5x,too,many,cells,by far\n", 1),
    "few": ("5x\n", 1),
    "two": ('5x,"x" y\n5y,"x" y\n', 2),
}
KINDS = {
    "quoted": '{i},"The ferry is late, {i}."\n',
    "bare": "{i},The ferry is late {i}.\n",
    "paragraphs": '{i},"The ferry is late, {i}.\nAnd a second paragraph, with a comma."\n',
    "words": 'story-{i},"The ferry is late, {i}."\n',
}


def test_a_broken_row_is_one_rejected_row_and_nothing_else_is_lost(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for name, (bad, _) in BROKEN.items():
        for kind, form in KINDS.items():
            rows = [form.format(i=i) for i in range(20)]
            write(raw, {f"{name}-{kind}.csv": "id,text\n" + "".join(rows[:10]) + bad + "".join(rows[10:])})
    made = ingest(raw, tmp_path / "out", language=False, id_scope="file")
    for name, (_, count) in BROKEN.items():
        for kind in KINDS:
            file = f"{name}-{kind}.csv"
            lines = 22 if kind == "paragraphs" else 12
            refused = [r for r in made.rejected if r["source"].startswith(file)]
            assert [r["source"] for r in refused] == [f"{file}#{11 + i}" for i in range(count)]
            assert {r["reason"] for r in refused} == {"malformed_csv"}
            assert re.match(rf"lines? {lines}\b", refused[0]["detail"]), refused[0]["detail"]
            assert sum(d["source"].startswith(file) for d in made.documents) == 20
    lost, per_kind = made.result.notes.lost, len(KINDS)
    assert lost.places == lost.rows == per_kind * sum(count for _, count in BROKEN.values())
    assert lost.bytes == per_kind * sum(len(bad) for bad, _ in BROKEN.values())


def test_a_quote_that_closes_far_below_swallows_no_rows(tmp_path: Path) -> None:
    rows = [f"{i},The ferry is late {i}.\n" for i in range(1, 60)]
    rows[20] = '21,"It opens here\n'
    rows[40] = '41,It closes here"\n'
    made = ingest(write(tmp_path / "raw", {"a.csv": "id,text\n" + "".join(rows)}), tmp_path / "out", language=False)
    assert made.reasons == [("a.csv#21", "malformed_csv")]
    assert len(made.documents) == 58


def test_a_list_within_a_text_is_no_row(tmp_path: Path) -> None:
    rows = [f'{i},"Points, of {i}:\n1, first\n2, second\n3, third\n4, fourth"\n' for i in range(10, 20)]
    made = ingest(write(tmp_path / "raw", {"a.csv": "id,text\n" + "".join(rows)}), tmp_path / "out", language=False)
    assert made.rejected == [] and len(made.documents) == 10


@pytest.mark.parametrize("codec", ["cp1252", "cp1251", "iso8859-7", "cp932", "gb18030", "big5"])
def test_a_codec_that_shows_late_is_that_of_the_file(codec: str, tmp_path: Path) -> None:
    late = {
        "cp1252": "Der Bär läuft über die Straße – “heute”.",
        "cp1251": "Паром снова опоздал и смотритель гавани принёс извинения жителям.",
        "iso8859-7": "Το πλοίο άργησε πάλι και ο δήμαρχος ζήτησε συγγνώμη από όλους.",
        "cp932": "港町の市議会は火曜日、新しいフェリー航路の計画を可決した。",
        "gb18030": "港口城市议会周二通过了新的渡轮航线计划，市长表示欢迎。",
        "big5": "港口城市議會週二通過了新的渡輪航線計劃，市長表示歡迎。",
    }[codec]
    rows = "".join(f"{i},The ferry is late again today and no one knows the reason why {i}\n" for i in range(4000))
    content = f"id,text\n{rows}x,{late}\ny,{late * 3}\n".encode(codec)
    assert len(content) > 1 << 18
    made = ingest(write(tmp_path / "raw", {"a.csv": content}), tmp_path / "out", language=False)
    assert made.rejected == [] and made.by_source["a.csv#x"]["text"] == late


def test_two_delimiters_that_fit_equally_well_are_asked_about(tmp_path: Path) -> None:
    rows = "one;two|three\n" * 30
    made = ingest(write(tmp_path / "raw", {"a.csv": "alpha;beta|gamma\n" + rows}), tmp_path / "out")
    assert made.reasons == [("a.csv", "malformed_csv")]
    assert "delimiter = " in made.rejected[0]["detail"]
    rule = {"glob": "a.csv", "delimiter": "|", "columns": {"text": "gamma"}}
    again = ingest(tmp_path / "raw", tmp_path / "out2", files=[rule])
    assert {d["text"] for d in again.documents} == {"three"}


def test_without_a_header_the_first_row_is_shown_and_columns_go_by_number(tmp_path: Path) -> None:
    rows = "".join(f'"{i}","Title of story {i}","{page(i)}"\n' for i in range(1, 9))
    raw = write(tmp_path / "raw", {"a.csv": rows})
    made = ingest(raw, tmp_path / "out")
    assert made.reasons == [("a.csv", "no_header")]
    assert "1 | Title of story 1 | " in made.rejected[0]["detail"]
    assert made.result.notes.lost.bytes == len(rows.encode())
    rule = {"glob": "*.csv", "header": False, "columns": {"id": "1", "title": "2", "text": "3"}}
    again = ingest(raw, tmp_path / "out2", files=[rule])
    assert [(d["source"], d["title"], d["text"]) for d in again.documents] == [
        (f"a.csv#{i}", f"Title of story {i}", page(i)) for i in range(1, 9)
    ]


@pytest.mark.parametrize("header", [",,id,text", "id,text,,", '"","Unnamed: 0",id,text', "a b,a b,id,text"])
def test_columns_without_a_name_of_their_own_get_one(header: str, tmp_path: Path) -> None:
    row = ["v1", "v2", "7", "A text."] if header.endswith("text") else ["7", "A text.", "v1", "v2"]
    raw = write(tmp_path / "raw", {"a.csv": f"{header}\n{','.join(row)}\n"})
    made = ingest(raw, tmp_path / "out")
    assert made.rejected == [] and made.documents[0]["source"] == "a.csv#7"
    assert '"v1"' in made.documents[0]["meta"] and '"v2"' in made.documents[0]["meta"]


def test_white_space_around_a_name_is_no_part_of_it(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw", {"a.csv": "\ufeffid , text\n1, The ferry\n"})
    made = ingest(raw, tmp_path / "out")
    assert made.by_source["a.csv#1"]["text"] == " The ferry", "a cell is as it is written"


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_pythons_csv_writes_is_read_back(rows: list[list[str]], delimiter: str, quoting: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows([["id", "text"], *rows])  # type: ignore[arg-type]
    lines = list(io.StringIO(out.getvalue(), newline=""))
    read = list(read_rows(lines, Dialect(delimiter), None, 1 << 20))
    assert [row.cells for row in read if isinstance(row, CellRow)] == [["id", "text"], *rows]
    assert find_dialect(out.getvalue(), names=("id", "text")).dialect.delimiter == delimiter


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('a1,;"\n\\ é'), max_size=60))
def test_every_line_of_anything_is_in_a_row_or_in_a_broken_one(content: str) -> None:
    lines = list(io.StringIO("id,text\n1,a\n2,b\n3,c\n" + content + "\n8,x\n9,y\n", newline=""))
    seen = 0
    for row in read_rows(lines, Dialect(), None, 1 << 20):
        if isinstance(row, BadRow):
            assert row.lines >= 1 and row.size >= 1
            seen += row.lines
        else:
            seen += 1 + sum(cell.count("\n") for cell in row.cells)
    empty = sum(not line.strip("\r\n") for line in lines)
    assert len(lines) - empty <= seen <= len(lines)


def test_comments_above_the_header_are_left_out_and_told_and_a_hash_in_the_header_is_a_name(tmp_path: Path) -> None:
    rows = "id,text\n" + "".join(f'{i},"{page(i)}"\n' for i in range(3))
    raw = write(tmp_path / "raw", {"a.csv": f"# exported, by a tool, in 2031\n#\n{rows}", "b.csv": f"#{rows}"})
    made = ingest(raw, tmp_path / "out", language=False)
    assert made.rejected == []
    assert [d["text"] for d in made.documents if d["source"].startswith("a.csv")] == [page(i) for i in range(3)]
    assert [d["text"] for d in made.documents if d["source"].startswith("b.csv")] == [page(i) for i in range(3)]
    assert made.result.notes.odd == [("a.csv", "2 lines above the header begin with '#' and are left out.")]


@pytest.mark.parametrize("blank", [" ", "  "])
def test_blanks_before_a_quoted_cell_are_no_part_of_it(tmp_path: Path, blank: str) -> None:
    lines = ["id,text", *(f'{i},{blank}"Late, and {i} times ""again"""' for i in range(4))]
    made = ingest(write(tmp_path / "raw", {"a.csv": "\n".join(lines)}), tmp_path / "out", language=False)
    assert made.rejected == []
    assert [d["text"] for d in made.documents] == [f'Late, and {i} times "again"' for i in range(4)]
    # Without quotes a blank is part of the cell, as everywhere.
    plain = "id,text\n" + "".join(f"{i},{blank}Late {i}\n" for i in range(4))
    made = ingest(write(tmp_path / "raw2", {"a.csv": plain}), tmp_path / "out2", language=False)
    assert [d["text"] for d in made.documents] == [f"{blank}Late {i}" for i in range(4)]
