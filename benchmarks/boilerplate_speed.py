"""Speed, size and start-up of the boilerplate suggester beside yardsticks of the same machine.

    python benchmarks/boilerplate_speed.py boilerplate-dev/articles.jsonl.gz

Speed is measured in CPU seconds over the same pages as `re.findall(r"\\w+", text)`, in rounds that take turns; import
times in CPU seconds of fresh interpreters, their own start taken off, also in rounds that take turns. With `--write`
the table is put into `boilerplate_cv.md`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from corpus_kit.suggest.boilerplate import BoilerplateModel

_ROUNDS = 7
_STARTS = 10
_PAGE = Path(__file__).with_name("boilerplate_cv.md")
_LARGE = 16 * 2**20  # the largest record that `build` reads by default


def interleaved(*works: Callable[[], object]) -> list[float]:
    """Median CPU seconds of each, in rounds that take turns: what else the machine does hits all of them."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(_ROUNDS):
        for work, own in zip(works, times, strict=True):
            began = time.process_time()
            work()
            own.append(time.process_time() - began)
    return [statistics.median(own) for own in times]


def large_text(dataset: Path) -> str:
    """Seconds and memory for one text of 16 MB, in a process of its own."""
    code = (
        "import gzip, json, resource, sys, time\n"
        "from corpus_kit.suggest.boilerplate import BoilerplateModel\n"
        "texts = [json.loads(line)['text'] for line in gzip.open(sys.argv[1], 'rt', encoding='utf-8')]\n"
        f"text = ''.join(texts * 2)[:{_LARGE}]; del texts; model = BoilerplateModel.load()\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; t = time.process_time()\n"
        "model.suggest([text], 0.5); peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(f'{time.process_time() - t:.1f} CPU s, {(peak - before) / 1024:.0f} MB more than before, '"
        "f'{text.count(chr(10)):,} lines')"
    )
    run = subprocess.run([sys.executable, "-c", code, str(dataset)], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def import_seconds(*statements: str) -> list[float]:
    """Median CPU seconds that a fresh interpreter needs for each statement beyond starting, in rounds that take turns."""
    times: dict[str, list[float]] = {one: [] for one in ("pass", *statements)}
    for at in range(_STARTS + 1):
        for statement, own in times.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", statement], check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if at:  # the first round fills the disk's cache
                own.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    start, *others = (statistics.median(own) for own in times.values())
    return [one - start for one in others]


def main() -> int:
    """Print the figures as a table, and with `--write` keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, help="JSON Lines (.gz) with a `text` per line")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/boilerplate_cv.md")
    options = parser.parse_args()
    with gzip.open(options.dataset, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    model = BoilerplateModel.load()
    model.suggest(texts[:8], 0.5)
    words = re.compile(r"\w+")
    megabytes = sum(len(text.encode("utf-8")) for text in texts) / 1e6
    yardstick, batched, single = interleaved(
        lambda: [words.findall(text) for text in texts],
        lambda: model.suggest(texts, 0.5),
        lambda: [model.suggest([text], 0.5) for text in texts],
    )
    load = "from corpus_kit.suggest.boilerplate import BoilerplateModel as B; model = B.load()"
    polars, imported, loaded, used = import_seconds(
        "import polars", "import corpus_kit.suggest.boilerplate", load, f"{load}; model.suggest(['A line.'], 0.5)"
    )
    rows = [
        ("findall", f"{megabytes / yardstick:.1f} MB/s"),
        ("suggest, one call", f"{megabytes / batched:.1f} MB/s, {yardstick / batched:.2f} of findall"),
        ("suggest, a call per page", f"{megabytes / single:.1f} MB/s, {yardstick / single:.2f} of findall"),
        ("one text of 16 MB", large_text(options.dataset)),
        ("model file", f"{len(model.to_bytes()):,} bytes"),
        ("import polars", f"{polars:.3f} CPU s"),
        ("import", f"{imported:.3f} CPU s, {imported / polars:.2f} of polars'"),
        ("import and load", f"{loaded:.3f} CPU s, {loaded / polars:.2f} of polars'"),
        ("import, load and suggest for one line", f"{used:.3f} CPU s, {used / polars:.2f} of polars'"),
    ]
    table = "\n".join(["| what | figure |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in rows)])
    sys.stdout.write(table + "\n")
    if options.write:
        text = _PAGE.read_text(encoding="utf-8")
        begin, end = text.index("<!-- speed:begin -->") + 20, text.index("<!-- speed:end -->")
        _PAGE.write_text(f"{text[:begin]}\n{table}\n{text[end:]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
