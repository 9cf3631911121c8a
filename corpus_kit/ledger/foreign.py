"""`import --from`: files of other annotation tools into the ledger, byte for byte, and their texts into `data/raw`."""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus_kit.core.errors import UsageError
from corpus_kit.core.exchange import FORMATS, ExchangePage
from corpus_kit.core.layers import Layer
from corpus_kit.core.offsets import normalise_newlines
from corpus_kit.core.storage.tables import fsync_path, parts, read_table
from corpus_kit.ledger.export_json import annotations_in
from corpus_kit.ledger.formats import format_named
from corpus_kit.ledger.formats.archive import collect, write_archive
from corpus_kit.ledger.formats.tasks import as_tasks
from corpus_kit.ledger.ledger import Ledger
from corpus_kit.ledger.recognise import Imported, known_layer

_BROUGHT = re.compile(rf"(?:{'|'.join(FORMATS)})-[0-9a-f]{{12}}\.jsonl")  # files with texts of earlier imports


@dataclass(frozen=True, slots=True)
class CorpusFolders:
    """data: of the corpus, with `raw` and the built `documents`. work: for what is made aside."""

    data: Path
    work: Path


def import_foreign(
    paths: Sequence[str | Path], form: str, folders: CorpusFolders, layers: Mapping[str, Layer], layer: str | None
) -> Imported:
    """Bring files of another tool into the ledger as one entry; texts that no document has go to `data/raw`.

    Args:
        paths: Files and folders.
        form: The format's name, see `core.exchange.FORMATS`.
        folders: Of the corpus.
        layers: The corpus's layers by name.
        layer: That the annotations belong to; None where the corpus has one only.

    Raises:
        UsageError: No file, another format, no such layer, or documents that were not built yet.
    """
    found = format_named(form)
    if layer is None and len(layers) != 1:
        first = next(iter(layers), "L")
        hint = f"Name it: corpus-kit import --from {form} --layer {first} …"
        raise UsageError("Files of other tools do not tell which layer they belong to.", hint)
    name = next(iter(layers)) if layer is None else known_layer(layer, list(layers))
    files = collect([Path(p) for p in paths], found)
    pages = list(found.pages(files))
    if not pages:
        raise UsageError(f"There is no document in it that is {found.what}.", "Look at the files.")
    known = _known_texts(folders.data)
    tasks = list(as_tasks(pages, layers[name], form))
    with tempfile.TemporaryDirectory(dir=folders.work) as aside:
        archive = Path(aside) / "files.zip"
        write_archive(archive, files)
        label = Path(str(paths[0])).name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
        entry, new = Ledger(folders.data / "imports").add_file(archive, name, form, label)
    made = _write_texts(folders.data / "raw" / f"{form}-{entry.sha256[:12]}.jsonl", pages, known)
    work = sum(len(annotations_in(task)) for task in tasks)
    return Imported(label, name, entry.path.name, new, len(tasks), work, made)


def _known_texts(data: Path) -> set[str]:
    """Hashes of the texts of the built documents. Raises UsageError where raw files were not built yet."""
    shards = parts(data / "documents", "documents")
    raw = [p for p in (data / "raw").rglob("*") if p.is_file() and not p.name.startswith(".")]
    brought = [p for p in raw if _BROUGHT.fullmatch(p.name)]
    if not shards and len(brought) < len(raw):
        raise UsageError(
            "The documents are not built yet, so it is not known which of them the files are about.",
            "Run `corpus-kit build`, then import.",
        )
    known = {sha for shard in shards for sha in read_table(shard, ["text_sha256"])["text_sha256"].to_pylist()}
    for path in brought:
        with path.open(encoding="utf-8") as lines:
            known.update(_sha256(json.loads(line)["text"]) for line in lines)
    return known


def _sha256(text: str) -> str:
    return hashlib.sha256(normalise_newlines(text)[0].encode("utf-8", "surrogatepass")).hexdigest()


def _write_texts(path: Path, pages: Sequence[ExchangePage], known: set[str]) -> int:
    """The texts that no document has, as JSON Lines with the name of each page as its id; how many."""
    lines, names = [], set()
    for page in pages:
        sha = _sha256(page.text)
        if not page.text.strip() or sha in known:
            continue
        known.add(sha)
        name = page.name if page.name not in names else f"{page.name}-{sha[:8]}"
        names.add(name)
        lines.append(json.dumps({"id": name, "text": page.text}, ensure_ascii=False))
    if lines and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogatepass")
        fsync_path(path)
    return len(lines)
