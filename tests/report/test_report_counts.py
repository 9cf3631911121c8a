"""Every number of the report against counts made by hand from `counted_samples`; a comment says how each came about."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from page_tables import ReportPage

from corpus_kit import Corpus
from corpus_kit.report.agreement import MOST_PEOPLE, Heat, read_agreement
from corpus_kit.report.charts import Chart, bars, columns


def test_the_key_figures(counted: ReportPage) -> None:
    # 439 characters of Alpha, 2,499 of Beta, 150 of no one, 120 of gamma.example, 18 of old.txt, 19 × 300; 8926 / 29 = 307.8
    wanted = {
        "documents": ("29", "of 33 records read"),
        "characters": ("8,926", "308 a document"),
        "publishers": ("22", ""),  # Alpha, Beta, gamma.example, P01 to P19
        "languages": ("3", ""),  # en, de, pl; `und` is none
        "rejected": ("4", "each with its reason"),
        "annotators": ("3", "2 documents done"),
        "open disagreements": ("2", "for people to settle"),
    }
    # The legend of measures further down is a list of the same kind.
    assert {name: counted.figures[name] for name in wanted} == wanted


def test_what_came_in_and_what_was_rejected(counted: ReportPage) -> None:
    reasons = [(row[0], row[1], row[2]) for row in counted.tables["Rejected by reason"].body]
    assert reasons == [("empty_text", "3", "read"), ("missing_text", "1", "read")]
    assert counted.tables["Rejected by reason (2)"].pairs == {"empty_text": "3", "missing_text": "1"}
    assert "4 records, rows or results could not be taken." in counted.words
    assert "3 of 3 rejected for empty_text" in counted.words and "1 of 1 rejected for missing_text" in counted.words
    assert counted.tables["Encodings of the raw files"].pairs == {"utf-8": "28", "utf-16-le": "1"}
    assert counted.tables["Line ends of the raw files"].pairs == {"none": "27", "crlf": "1", "lf": "1"}


def test_documents_by_publisher_and_the_rest_in_one_row(counted: ReportPage) -> None:
    # Twenty rows: the three with several documents, then by name; P18, P19 and gamma.example are left for the last row.
    few = {f"P{number:02d}": "1" for number in range(1, 18)}
    assert counted.tables["Documents by publisher"].pairs == (
        {"Alpha Post": "4", "Beta Post": "3", "(not named)": "2"} | few | {"3 others": "3"}
    )
    assert "29 documents of 22 publishers." in counted.words


def test_documents_by_language_date_and_length(counted: ReportPage) -> None:
    assert counted.tables["Documents by language"].pairs == {"en": "23", "de": "3", "pl": "2", "und": "1"}
    # January: a1, a2, g1. March: a3, a4. April: b1.
    dates = {"2031-01": "3", "2031-02": "0", "2031-03": "2", "2031-04": "1", "no date": "23"}
    assert counted.tables["Documents by date"].pairs == dates
    # 40, 99, 18 | 100, 120, 150 | 200 and nineteen times 300 | 500, 999 | 1,000: a bound belongs to the bin that it begins.
    lengths = {"< 100": "3", "100+": "3", "200+": "20", "500+": "2", "1 k+": "1"}
    assert counted.tables["Documents by length"].pairs == lengths


def test_a_corpus_of_many_years_is_drawn_by_year_and_the_empty_ones_between(tmp_path: Path) -> None:
    days = ["2020-01-05", "2020-02-07", "2020-12-31", "2022-06-01", "2031-10-18", "2031-10-19", ""]
    (tmp_path / "raw").mkdir()
    records = [
        {"id": str(n), "text": f"number{n}", "language": "en", "published_on": day} for n, day in enumerate(days)
    ]
    (tmp_path / "raw" / "few.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records), encoding="utf-8")
    made = Corpus.without(tmp_path / "out").build([tmp_path / "raw"])
    assert made.report
    page = ReportPage(made.report.read_text(encoding="utf-8"))
    years = dict.fromkeys((str(year) for year in range(2020, 2032)), "0")
    expected = years | {"2020": "3", "2022": "1", "2031": "2", "no date": "1"}
    assert page.tables["Documents by date"].pairs == expected


def test_splits_by_language_with_their_share_of_all_documents(counted: ReportPage) -> None:
    assert counted.tables["Documents by split and language"].rows == [
        ["split", "documents", "share", "en", "de", "pl", "und"],
        ["train", "23", "79.3 %", "23", "0", "0", "0"],  # 23 of 29
        ["validation", "2", "6.9 %", "0", "0", "2", "0"],
        ["test", "3", "10.3 %", "0", "3", "0", "0"],
        ["no split", "1", "3.4 %", "0", "0", "0", "1"],
    ]


def test_clusters_of_copies_by_size_and_the_largest(counted: ReportPage) -> None:
    # P01 = P02 = P03, P04 = P05, P06 = P07
    assert counted.tables["Clusters of copies by size"].pairs == {"2": "2", "3": "1"}
    assert [row[1] for row in counted.tables["The largest clusters"].body] == ["3", "2", "2"]
    assert "4 documents are copies of another one, in 3 clusters." in counted.words
    assert "(3 clusters of several documents)" in counted.words


def test_documents_by_their_share_of_boilerplate(counted: ReportPage) -> None:
    # a1: 40 of 40. a4: 25 of 200, where two spans overlap. b3: 100 of 1,000, and the bound belongs to the bin it ends.
    # g1's suggestion was made of an older shard and says nothing.
    shares = {"none": "26", "≤ 10 %": "1", "≤ 20 %": "1", "≤ 100 %": "1"}
    empty = dict.fromkeys((f"≤ {percent} %" for percent in range(30, 100, 10)), "0")
    assert counted.tables["Documents by share of boilerplate"].pairs == shares | empty
    # 165 of 8,926 characters
    assert "1.8 % of all characters are suggested to be boilerplate, in 3 of 29 documents" in counted.words


def test_shares_of_boilerplate_by_kind_language_and_publisher(counted: ReportPage) -> None:
    # legal 20 + 100, navigation 40 + 10, of 8,926 characters; each kind counts what it covers
    assert counted.tables["Share of all text, by kind"].pairs == {"legal": "1.3%", "navigation": "0.6%"}
    # de 100 of 2,499; en 65 of 6,139 (Alpha and the nineteen); pl 0 of 270; und 0 of 18
    languages = {"de": "4.0%", "en": "1.1%", "pl": "0.0%", "und": "0.0%"}
    assert counted.tables["Share of boilerplate by language"].pairs == languages
    # Alpha 65 of 439, Beta 100 of 2,499
    none = dict.fromkeys(("(not named)", *(f"P{number:02d}" for number in range(1, 18))), "0.0%")
    expected = {"Alpha Post": "14.8%", "Beta Post": "4.0%"} | none
    assert counted.tables["Share of boilerplate, the largest publishers"].pairs == expected


def test_labels_in_gold_by_people_and_suggested(counted: ReportPage) -> None:
    def given(title: str) -> dict[str, list[str]]:
        table = counted.tables[title]
        assert table.rows[0] == ["label", "gold", "by people", "suggested"]
        return {row[0]: row[1:] for row in table.body if row[1:] != ["0", "0", "0"]}

    # PERSON by all three, ORG by two, GPE by one of three; the names suggested are LOC twice and GPE once
    assert given("entities: labels, gold") == {
        "PERSON": ["1", "3", "0"],
        "ORG": ["1", "2", "0"],
        "GPE": ["0", "1", "1"],
        "LOC": ["0", "0", "2"],
    }
    assert given("boilerplate: labels, suggested") == {"navigation": ["0", "0", "2"], "legal": ["0", "0", "2"]}
    # Each of the two says "favour" once and "against" once, never of the same page: ties are never gold.
    told = {"favour": ["0", "2", "0"], "against": ["0", "2", "0"]}
    assert given("halvern_pipeline: labels, given by people") == told
    assert given("teachers_strike: labels") == {}
    assert len(counted.tables["entities: labels, gold"].body) == 12, "labels that no one gave are listed too"


def test_agreement_with_its_shade(counted: ReportPage) -> None:
    # Exact F1 of all pairs: 2 × (1 + 1 + 1 + 1) matches of (3 + 3 + 2 + 2) marks. GPE: one mark that no one shares.
    table = counted.tables["Everybody together, by label"]
    exact = table.rows[0].index("span F1, exact")
    told = {row[0]: (row[exact], shade[exact]) for row, shade in zip(table.body, table.classes[1:], strict=True)}
    assert told == {
        "all labels": ("0.80no interval", "h8"),
        "GPE": ("0.00no interval", "h0"),
        "ORG": ("1.00no interval", "h10"),
        "PERSON": ("1.00no interval", "h10"),
    }
    # ada & ben: 2 × 2 of 3 + 2; ada & cyd: 2 × 1 of 2 + 1; ben & cyd: the same one mark
    pairs = counted.tables["entities: span F1, exact, by pair"]
    assert [[cell.removesuffix("no interval") for cell in row[1:]] for row in pairs.body] == [
        ["·not compared", "0.80", "0.67"],
        ["0.80", "·not compared", "1.00"],
        ["0.67", "1.00", "·not compared"],
    ]
    assert [row[1:] for row in pairs.classes[1:]] == [
        ["blank", "h8", "h7"],
        ["h8", "blank", "h10"],
        ["h7", "h10", "blank"],
    ]


def test_less_agreement_than_by_chance_has_the_faintest_shade(counted: ReportPage) -> None:
    # Two pages, two answers each, always different: alpha = 1 − 1 / (2/3), kappa = (0 − 1/2) / (1/2).
    table = counted.tables["Everybody together, by label (2)"]
    row, shades = table.body[0], table.classes[1]
    told = {name: (row[n].removesuffix("no interval"), shades[n]) for n, name in enumerate(table.rows[0])}
    assert told["Krippendorff's alpha"] == ("−0.50", "h0")
    assert told["Fleiss' kappa"] == ("−1.00", "h0")
    assert told["observed agreement"] == ("0.00", "h0")
    pairs = counted.tables["halvern_pipeline: Krippendorff's alpha, by pair"]
    assert pairs.body[0][1:] == ["·not compared", "−0.50no interval"] and pairs.classes[1][1:] == ["blank", "h0"]


def test_where_people_differ_most(counted: ReportPage) -> None:
    assert counted.tables["entities: where people differ most"].body == [["alpha.jsonl#a3", "entities", "3", "100.0 %"]]
    stances = counted.tables["stance: where people differ most"].body
    assert stances == [[f"alpha.jsonl#{page}", "halvern_pipeline", "2", "50.0 %"] for page in ("a3", "a4")]
    assert "5 annotations of 2 documents by 3 people; 1 document read by 2, 1 document read by 3." in counted.words
    assert "4 annotations of 2 documents by 2 people; 2 documents read by 2." in counted.words


def test_annotators_and_their_work(counted: ReportPage) -> None:
    done = {"annotator-01": "2", "annotator-02": "2", "annotator-03": "1"}
    assert counted.tables["entities: documents done"].pairs == done
    assert counted.tables["stance: documents done"].pairs == {"annotator-01": "2", "annotator-02": "2"}
    assert counted.tables["Annotations by month"].pairs == {"2031-01": "9"}
    assert counted.tables["Annotators' progress"].body == [
        ["entities", "annotator-01", "2", "0", "0", "6.9 %"],  # 2 of 29
        ["entities", "annotator-02", "2", "0", "0", "6.9 %"],
        ["entities", "annotator-03", "1", "1", "0", "3.4 %"],  # cyd skipped a4
        ["stance", "annotator-01", "2", "0", "0", "6.9 %"],
        ["stance", "annotator-02", "2", "0", "0", "6.9 %"],
    ]


def test_bars_are_as_long_as_the_numbers_beside_them_say(counted: ReportPage) -> None:
    drawn = 0
    for title, drawing in counted.drawings.items():
        table = counted.tables.get(f"{title} (2)") or counted.tables[title]
        places = [table.rows[0].index(name) for name in ("gold", "by people", "suggested") if name in table.rows[0]]
        # Of labels the chart shows gold, else people's, else suggestions: the first column that has any.
        place = next(p for p in places or [1] if any(row[p] != "0" for row in table.body))
        values = [float(row[place].replace(",", "").removesuffix("%")) for row in table.body]
        upright = len({bar[0] for bar in drawing.bars}) > 1  # the others all begin at the left
        found = [bar[3] for bar in drawing.bars] if upright else [bar[2] for bar in drawing.bars][::-1]
        scale = max(found) / max(values)
        # A share is printed to a tenth of a percent.
        off = 0.1 * scale if "%" in table.body[0][place] else 0.3
        assert found == pytest.approx([value * scale for value in values], abs=off), title
        drawn += 1
    assert drawn == 18


def test_a_chart_names_its_largest_three_in_words() -> None:
    made = columns("Some", ("x", "n"), [("a", 1), ("b", 5000), ("c", 3), ("d", 4)])
    assert made.description == "4 values; the largest: b 5,000, d 4, c 3."
    made = bars("Some", ("x", "n"), [("a", 0.125), ("b", 0.5)], percent=True)
    assert made.description == "2 values; the largest: b 50.0%, a 12.5%."
    assert made.rows == (("a", "12.5%"), ("b", "50.0%"))
    nothing: Chart = bars("Some", ("x", "n"), [])
    assert (nothing.description, nothing.rows, nothing.picture) == ("No values.", (), None)


def _figure(one: str, other: str, value: float | None) -> dict[str, object]:
    figure = dict.fromkeys(("target", "label", "low", "high")) | {"layer": "names", "measure": "span_f1_exact"}
    reason = "" if value is not None else "no one marked anything"
    told = {"control": "names", "pair": True, "annotators": [one, other], "n_items": 1, "value": value}
    return figure | told | {"reason": reason}


def _matrix(tmp_path: Path, figures: list[dict[str, object]], people: int) -> Heat:
    work = {"layer": "names", "documents": 3, "annotations": 9, "annotators": [""] * people, "by_people": {"2": 3}}
    told = {"work": [work], "figures": figures, "hurting": []}
    (tmp_path / "agreement.json").write_text(json.dumps(told), encoding="utf-8")
    (found,) = read_agreement(tmp_path, {"names": None})  # type: ignore[dict-item]
    (matrix,) = found.pairs
    return matrix


def test_a_figure_that_is_not_defined_has_its_reason_and_no_shade(tmp_path: Path) -> None:
    matrix = _matrix(tmp_path, [_figure("a", "b", 0.449), _figure("a", "c", None), _figure("b", "c", 1.5)], 3)
    cells = {(row, column): cell for row, cells in matrix.rows for column, cell in zip("abc", cells, strict=True)}
    shades = {pair: cell.shade for pair, cell in cells.items() if cell is not None}
    assert shades[("a", "b")] == shades[("b", "a")] == 4
    assert shades[("a", "c")] is None and cells["a", "c"].why == "no one marked anything"  # type: ignore[union-attr]
    assert shades[("b", "c")] == 10


def test_a_matrix_keeps_those_with_the_most_work_and_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    names = [f"annotator-{number:02d}" for number in range(1, MOST_PEOPLE + 4)]
    figures = [_figure(names[0], name, 0.5) for name in names[1:]]
    matrix = _matrix(tmp_path, figures, len(names))
    assert (len(matrix.columns), matrix.left_out) == (MOST_PEOPLE, 3)
    assert matrix.columns == tuple(names[:MOST_PEOPLE]), "of equals the first names"


def test_shares_of_the_disagreement_add_up_to_one(built_sample: Path) -> None:
    """Over all documents to 100 %, so over those that are listed to no more; the repository's sample has many."""
    (page,) = [built_sample / "data" / "report" / "report.html"]
    text = html.unescape(page.read_text(encoding="utf-8"))
    tables = [t for t in re.findall(r"<table.*?</table>", text, re.DOTALL) if "differs in" in t]
    assert len(tables) >= 2
    for table in tables:
        shares = [float(number) for number in re.findall(r">(\d+\.\d)\s*%<", table)]
        assert 0 < sum(shares) <= 100.05, shares
        names = re.findall(r"<th scope=\"row\">(.*?)</th>", table)
        assert len(names) == len(set(names)), "a document stands there once"
    assert re.search(r"\b20 documents done", re.sub("<[^>]+>", " ", text))
