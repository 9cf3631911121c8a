"""Label Studio's exports, and those of other tools, changed at random: what is read of them is a row or a refusal.

`python tests/security/long.py fuzz_exports --count 5000 --seed 1`
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from fuzzing import Findings, bounded, command, mutated, mutated_bytes
from ledger_samples import Bench, Json, annotation, answer, in_utf16, span, task
from strangers import made_corpus

from corpus_kit.core.config import AdjudicationSettings, AgreementSettings
from corpus_kit.core.config.template import shipped
from corpus_kit.core.errors import CorpusKitError
from corpus_kit.core.exchange import Attribute, ExchangePage, Link, Note, Region, SourceFile, Work
from corpus_kit.core.progress import Silent
from corpus_kit.core.schema.file import read_contract_file
from corpus_kit.core.storage.folders import work_folder
from corpus_kit.corpus import Corpus
from corpus_kit.ledger.formats import format_named
from corpus_kit.ledger.formats.tasks import as_tasks
from corpus_kit.release.export.interchange import writer_of

_TOGETHER = 20
_SECONDS = 60
_WHOLE = 25
"""Every so many batches one goes through a whole build."""
TEXTS = {
    "a": "Ola Brandt of Port Sellane waits.\nBrandt is cross 🚢 with the Vesk Board.\n",
    "b": "Die Fähre kam zu spät.\r\nNiemand wusste, warum.\n",
    "c": "👩‍👩‍👧 عبّارة 𝒩\n\n\u2028 end",
}
_WORDS = {"a": ("Brandt", "Vesk Board", "Port Sellane"), "b": ("Fähre", "Niemand", "spät"), "c": ("عبّارة", "𝒩", "end")}


def _annotation(name: str, chance: Random) -> Json:
    text, words = TEXTS[name], _WORDS[name]
    results: list[Any] = [span(text, word, chance.choice(("PERSON", "ORG"))) for word in words[: chance.randrange(4)]]
    if results and chance.random() < 0.2:
        results[0] = in_utf16(text, results[0])
    if len(results) > 1:
        ends = {"from_id": results[0]["id"], "to_id": results[1]["id"]}
        results.append({"type": "relation", "direction": "right", "labels": ["works_for"], **ends})
        role = answer("role", "choices", ["agent"], id=results[0]["id"])
        results.append(role | {"value": {**results[0]["value"], "choices": ["agent"]}})
    answers = (
        ("tone", "choices", ["plain"]),
        ("quality", "rating", 3),
        ("count", "number", 2.5),
        ("note", "textarea", ["hm"]),
    )
    results += [answer(*one) for one in answers if chance.random() < 0.4]
    if chance.random() < 0.3:
        results.append(answer("topic", "taxonomy", [["Sea", "Ferry"]]))
    more: Json = {"was_cancelled": chance.random() < 0.1, "ground_truth": chance.random() < 0.1}
    if chance.random() < 0.2:
        more |= {
            "parent_prediction": 5,
            "prediction": {"id": 5, "model_version": "m 1", "result": results[:1], "score": 0.5},
        }
    if chance.random() < 0.2:
        more |= {
            "parent_annotation": 1,
            "updated_by": 8,
            "last_action": "accepted",
            "draft_created_at": "2031-03-01T10:00:00Z",
        }
    return annotation(*results, by=chance.choice(("zoe.marsh@mail.example", "ben@mail.example")), **more)


def _tasks(chance: Random) -> Any:
    made: list[Any] = []
    for number in range(chance.randrange(1, 4)):
        name = chance.choice(sorted(TEXTS))
        one = task(
            name, TEXTS[name], *[_annotation(name, chance) for _ in range(chance.randrange(1, 4))], id=number + 1
        )
        one["predictions"] = [
            {"id": 5, "model_version": "m 1", "score": 0.5, "result": [span(TEXTS[name], _WORDS[name][0], "PERSON")]}
        ]
        one["drafts"] = [
            {"id": 9, "user": "zoe.marsh@mail.example", "result": [], "created_at": "2031-03-01T10:00:00Z"}
        ]
        one |= {
            "meta": {},
            "project": 1,
            "comment_count": 0,
            "inner_id": number,
            "total_annotations": 1,
            "updated_at": "2031-03-01T10:00:00Z",
        }
        made.append(one)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 4, 8))):
        at = chance.randrange(len(made))
        made[at] = mutated(made[at], chance)
    if chance.random() < 0.1:
        made = mutated(made, chance)
    if chance.random() < 0.1:
        return {"tasks": made}
    return made


def _export(chance: Random) -> bytes:
    made = _tasks(chance)
    if chance.random() < 0.1 and isinstance(made, list):
        content = "\n".join(json.dumps(one) for one in made).encode()
    else:
        content = json.dumps(made, ensure_ascii=chance.random() < 0.7).encode("utf-8", "surrogatepass")
    return mutated_bytes(content, chance) if chance.random() < 0.2 else content


def fuzz_exports(folder: Path, count: int, seed: int) -> Findings:
    """Exports changed at random, brought into a ledger, and everything built from it."""
    found, chance = Findings(), Random(seed)
    foreign = _foreign_seeds()
    layer = Bench(folder / "layer", {"a": TEXTS["a"]}).layers["plain"]
    for batch in range(-(-count // _TOGETHER)):
        case = f"seed {seed}, batch {batch}"
        exports = [_export(chance) for _ in range(_TOGETHER)]
        found.cases += _TOGETHER
        _build(folder / "bench", exports, found, case)
        for _ in range(_TOGETHER // 2):
            form, files = chance.choice(foreign)
            changed = [SourceFile(f.path, mutated_bytes(f.content, chance)) for f in files]
            _read_foreign(form, changed, layer, found, case)
        if batch % _WHOLE == 0:
            _build_whole(folder / "whole", exports, found, case)
    return found


def _build(folder: Path, exports: Sequence[bytes], found: Findings, case: str) -> None:
    """All exports in one ledger; where that fails, each alone."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with bounded(_SECONDS):
            bench = Bench(folder, TEXTS)
            brought = 0
            for number, content in enumerate(exports):
                file = folder / f"{number}.json"
                file.write_bytes(content)
                try:
                    _bring(bench, file)
                    brought += 1
                except CorpusKitError as e:
                    found.outcomes[f"not brought: {_kind(str(e))}"] += 1
            found.outcomes["brought"] += brought
            if brought:
                made = bench.make()
                found.outcomes.update(row["reason"] for row in made.rejected)
                _gold(bench)
    except Exception as e:  # noqa: BLE001 - whatever it is, it is what is looked for
        if len(exports) == 1:
            found.fail(e, f"{case}\n{exports[0]!r}"[:6000])
            return
        before = len(found.failures)
        for content in exports:
            _build(folder.with_name("alone"), [content], found, case)
        if len(found.failures) == before:
            found.fail(e, f"{case}, together only")


def _kind(message: str) -> str:
    """A sentence without what differs from file to file."""
    return re.sub(r"\d+", "N", message)[:60]


def _bring(bench: Bench, file: Path) -> None:
    from corpus_kit.ledger.recognise import import_files

    import_files([file], bench.ledger, bench.layers, "plain")


def _gold(bench: Bench) -> None:
    from corpus_kit.agreement.gold.build import GoldSources, build_gold
    from corpus_kit.agreement.gold.tables import GOLD_TABLES

    contracts = {table: read_contract_file(shipped("schemas") / f"{table}.yaml") for table in GOLD_TABLES}
    with work_folder(bench.data) as work:
        build_gold(
            GoldSources(
                bench.data, work, bench.layers, contracts, AdjudicationSettings(), AgreementSettings(resamples=20)
            ),
            Silent(),
        )


def _build_whole(root: Path, exports: Sequence[bytes], found: Findings, case: str) -> None:
    """The same exports in a corpus of the template, through every step of a build; `validate` finds nothing."""
    shutil.rmtree(root, ignore_errors=True)
    corpus = Corpus.open(made_corpus(root, pages={f"{name}.txt": text for name, text in TEXTS.items()}))
    try:
        with bounded(4 * _SECONDS):
            for number, content in enumerate(exports):
                file = root / f"{number}.json"
                file.write_bytes(content)
                try:
                    corpus.import_([file], layer="entities")
                except CorpusKitError:
                    continue
            corpus.build()
            findings = corpus.validate().findings
        assert findings == [], findings[:3]
        found.outcomes["whole builds"] += 1
    except Exception as e:  # noqa: BLE001
        found.fail(e, f"{case}, a whole build")


def _foreign_seeds() -> list[tuple[str, list[SourceFile]]]:
    """What `export` writes for other tools of a page on which everything was said."""
    regions = (Region("a", 0, 11, "PERSON"), Region("b", 0, 3, "ORG"), Region("b~2", 13, 18, "ORG"))
    links = (Link("a", "b", "knows"), Link("a", "b", "same", directed=False))
    answers = (Attribute("tone", "plain"), Attribute("sure", "yes", "a"))
    work = Work("ada", regions, links, answers, (Note("hm", "a"),))
    page = ExchangePage("p", "Zoë Brandt 🚢 waits.\nNobody came.\n", (work,), "0123456789abcdef")
    made = []
    for form in ("brat", "webanno", "xmi", "doccano", "prodigy", "w3c"):
        files = writer_of(form)(page, work).files
        made.append((form, [SourceFile(f"ada/{name}", content) for name, content in files.items()]))
    conll = b"-DOCSTART- -X- O O\n\nOla B-PER\nBrandt I-PER\nwaits O\n. O\n\nVesk B-ORG\n"
    return [*made, ("conll", [SourceFile("a.conll", conll)])]


def _read_foreign(form: str, files: list[SourceFile], layer: Any, found: Findings, case: str) -> None:
    try:
        with bounded(_SECONDS):
            pages = list(format_named(form).pages(files))
            json.dumps(list(as_tasks(pages, layer, form)))
        found.outcomes[f"{form}: read"] += 1
    except CorpusKitError:
        found.outcomes[f"{form}: refused"] += 1
    except Exception as e:  # noqa: BLE001
        found.fail(e, f"{case}, {form}\n{[(f.path, f.content) for f in files]!r}"[:4000])


if __name__ == "__main__":
    command(fuzz_exports)
