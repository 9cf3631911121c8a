"""Readers against files that other programs wrote: spaCy's DocBin, dkpro-cassis, and CoNLL as its shared tasks have it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from corpus_kit import Corpus
from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import ExchangePage, SourceFile
from corpus_kit.ledger.formats import format_named

TEXT = "Zoë Brandt of Port Sellane met 🚀 Ana.\nThey like eels.\n"


def read(form: str, *files: tuple[str, bytes]) -> list[ExchangePage]:
    return list(format_named(form).pages([SourceFile(*one) for one in files]))


def marked(page: ExchangePage, who: int = 0) -> list[tuple[str, str]]:
    """(words, label) of every span, read from the page's text."""
    return sorted((page.text[r.start : r.end], r.label) for r in page.works[who].regions)


WANTED = [("Ana", "PER"), ("Port Sellane", "LOC"), ("Zoë Brandt", "PER")]
WORDS = "Zoë Brandt of Port Sellane met Ana .".split()
SCHEMES = {
    "BIO": "B-PER I-PER O B-LOC I-LOC O B-PER O",
    "IOB1": "I-PER I-PER O I-LOC I-LOC O I-PER O",
    "BIOES": "B-PER E-PER O B-LOC E-LOC O S-PER O",
    "BILOU": "B-PER L-PER O B-LOC L-LOC O U-PER O",
    "bare": "PER PER O LOC LOC O PER O",
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("columns", [2, 4])
def test_conll_in_every_scheme_of_tags(scheme: str, columns: int) -> None:
    middle = "" if columns == 2 else " NNP I-NP"
    lines = [f"{word}{middle} {tag}" for word, tag in zip(WORDS, SCHEMES[scheme].split(), strict=True)]
    if columns == 4:
        lines = ["-DOCSTART- -X- -X- O", "", *lines]
    (page,) = read(
        "conll", ("news.conll", "\n".join([*lines, "", "They O" if columns == 2 else "They PRP I-NP O"]).encode())
    )
    assert marked(page) == WANTED
    assert page.text == "Zoë Brandt of Port Sellane met Ana .\nThey\n"


def test_conll_of_neighbours_and_several_documents() -> None:
    rows = "-DOCSTART- -X- O O\n\nAna NNP I-NP I-PER\nZoë NNP I-NP B-PER\n\n-DOCSTART- -X- O O\n\nLima NNP I-NP I-LOC\n"
    one, two = read("conll", ("a.txt", rows.encode()))
    assert marked(one) == [("Ana", "PER"), ("Zoë", "PER")]
    assert marked(two) == [("Lima", "LOC")]
    assert one.name != two.name


def test_conllu_with_names_in_misc_keeps_spaces_as_they_were() -> None:
    rows = [
        "# newdoc id = weblog-1",
        "# text = Ana's eels",
        "1-2\tAna's\t_\t_\t_\t_\t_\t_\t_\t_",
        "1\tAna\tAna\tPROPN\tNNP\t_\t3\tnmod\t_\tSpaceAfter=No|NER=B-PER",
        "2\t's\t's\tPART\tPOS\t_\t1\tcase\t_\tNER=O",
        "3\teels\teel\tNOUN\tNNS\t_\t0\troot\t_\tNER=O",
        "",
    ]
    (page,) = read("conll", ("weblog.conllu", "\n".join(rows).encode()))
    assert page.text.startswith("Ana's eels")
    assert marked(page) == [("Ana", "PER")]


def test_conll_without_tags_is_named() -> None:
    with pytest.raises(UsageError, match="no column of BIO tags"):
        read("conll", ("a.txt", b"one two\nthree four\n"))


def test_a_docbin_that_spacy_wrote() -> None:
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("xx")
    doc = nlp.make_doc(TEXT)
    at = {words: TEXT.index(words) for words, _ in WANTED}
    ents = [doc.char_span(at[words], at[words] + len(words), label) for words, label in WANTED]
    doc.set_ents(sorted(ents, key=lambda span: span.start))
    nested = doc.char_span(at["Zoë Brandt"], at["Zoë Brandt"] + 3, "GIVEN")
    doc.spans["sc"] = [nested, *doc.ents]
    doc.cats = {"stance=favour": 1.0, "sport": 0.2, "harbour": 0.9}
    other = nlp.make_doc("Nothing here.")
    content = DocBin(docs=[doc, other], store_user_data=True).to_bytes()
    one, two = read("spacy", ("train.spacy", content))
    assert one.text == TEXT
    assert marked(one) == sorted([*WANTED, ("Zoë", "GIVEN")])
    assert {(a.name, a.value) for a in one.works[0].answers} == {("stance", "favour"), ("", "harbour")}
    assert (two.text, two.works[0].regions) == ("Nothing here.", ())
    with pytest.raises(UsageError, match="no DocBin"):
        read("spacy", ("train.spacy", b"not one"))


ENTITY = "webanno.custom.Name"
SENSE = "webanno.custom.Link"


def cas_of(spans: list[tuple[str, str]]) -> tuple[bytes, bytes]:
    """(XMI, type system) of the text with spans, as dkpro-cassis writes them: offsets count UTF-16 there."""
    from cassis import Cas, TypeSystem

    system = TypeSystem()
    name = system.create_type(name=ENTITY, supertypeName="uima.tcas.Annotation")
    system.create_feature(domainType=name, name="value", rangeType="uima.cas.String")
    system.create_feature(domainType=name, name="certainty", rangeType="uima.cas.String")
    link = system.create_type(name=SENSE, supertypeName="uima.tcas.Annotation")
    for end in ("Governor", "Dependent"):
        system.create_feature(domainType=link, name=end, rangeType=ENTITY)
    system.create_feature(domainType=link, name="value", rangeType="uima.cas.String")
    cas: Any = Cas(typesystem=system)
    cas.sofa_string, cas.sofa_mime = TEXT, "text/plain"
    made = []
    for words, label in spans:
        start = TEXT.index(words)
        made.append(name(begin=start, end=start + len(words), value=label, certainty="sure"))
    if len(made) > 1:
        ends = {"Governor": made[0], "Dependent": made[1], "begin": made[1].begin, "end": made[1].end}
        made.append(link(**ends, value="lives_in"))
    cas.add_all(made)
    return cas.to_xmi().encode(), system.to_xml().encode()


def test_an_xmi_that_cassis_wrote() -> None:
    xmi, system = cas_of(WANTED)
    (page,) = read("xmi", ("news.xmi", xmi), ("TypeSystem.xml", system))
    assert page.text == TEXT
    assert marked(page) == WANTED
    (relation,) = page.works[0].links
    places = {r.id: TEXT[r.start : r.end] for r in page.works[0].regions}
    assert (places[relation.head], places[relation.tail], relation.label) == ("Ana", "Port Sellane", "lives_in")
    assert {(places[a.of], a.name, a.value) for a in page.works[0].answers if a.of} == {
        (words, "certainty", "sure") for words, _ in WANTED
    }


def project(folder: Path) -> Path:
    """An exported project: a document that two people and a curator worked on, each in an archive of its own."""
    work = {"ada": WANTED, "ben": WANTED[:1], "CURATION_USER": WANTED[:2], "INITIAL_CAS": []}
    with zipfile.ZipFile(folder / "project.zip", "w") as archive:
        archive.writestr("exportedproject.json", "{}")
        archive.writestr("source/news.txt", TEXT)
        for who, spans in work.items():
            xmi, system = cas_of(spans)
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as own:
                own.writestr("TypeSystem.xml", system)
                own.writestr(f"{who}.xmi", xmi)
            place = "curation" if who == "CURATION_USER" else "annotation"
            archive.writestr(f"{place}/news.txt/{who}.zip", inner.getvalue())
    return folder / "project.zip"


def test_an_exported_project_of_inception(tmp_path: Path) -> None:
    pages = read("inception", ("project.zip", project(tmp_path).read_bytes()))
    found = {page.works[0].annotator: page for page in pages}
    assert set(found) == {"ada", "ben", "CURATION_USER"}
    assert marked(found["ada"]) == WANTED
    assert marked(found["ben"]) == WANTED[:1]
    assert [page.works[0].settled for page in found.values()].count(True) == 1
    assert {page.name for page in pages} == {"news.txt"}


def test_an_import_makes_the_layer_that_the_corpus_does_not_have(tmp_path: Path) -> None:
    Corpus.init(tmp_path / "corpus")
    corpus = Corpus.open(tmp_path / "corpus")
    (told,) = corpus.import_([project(tmp_path)], "people_and_places", source="inception")
    assert told.made_layer
    corpus = Corpus.open(tmp_path / "corpus")
    layer = corpus.layers()["people_and_places"]
    assert {c.name: c.labels for c in layer.controls if c.kind == "labels"} == {"people_and_places": ("LOC", "PER")}
    corpus.trust()
    corpus.build(report=False)
    from labelled_corpus import read as table

    spans = table(corpus, "annotations", "spans")
    assert set(spans["label"]) == {"LOC", "PER"}
    assert spans.height == 6
    relations = table(corpus, "annotations", "relations")
    assert set(relations["label"]) == {"lives_in"}
    assert table(corpus, "annotations", "choices")["value"].unique().to_list() == ["sure"]
    (again,) = corpus.import_([project(tmp_path)], "people_and_places", source="inception")
    assert not again.made_layer


def test_a_misspelled_layer_is_refused_and_none_is_made_without_labels(tmp_path: Path) -> None:
    Corpus.init(tmp_path / "corpus")
    corpus = Corpus.open(tmp_path / "corpus")
    with pytest.raises(UsageError, match="Did you mean 'entities'"):
        corpus.import_([project(tmp_path)], "entites", source="inception")
    (tmp_path / "a.conll").write_text("Ana O\n\n", encoding="utf-8")
    with pytest.raises(UsageError, match="No label is in the files"):
        corpus.import_([tmp_path / "a.conll"], "names_of_ships", source="conll")
    assert not (tmp_path / "corpus" / "annotation" / "names_of_ships").exists()
    assert "names_of_ships" not in (tmp_path / "corpus" / "corpus.toml").read_text(encoding="utf-8")
