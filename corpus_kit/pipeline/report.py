"""The report of a corpus: hands the rooms' figures to the room that makes the page. `Corpus.report` is the way in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus_kit.core.parallel.executor import open_workers
from corpus_kit.core.progress import Progress
from corpus_kit.core.records import SuggesterOutcomes
from corpus_kit.core.storage.folders import work_folder
from corpus_kit.core.workspace import Workspace
from corpus_kit.pipeline.run import Run
from corpus_kit.report.build import build_report
from corpus_kit.report.records import Reported, ReportSources


def report(
    workspace: Workspace,
    *,
    out: str | Path | None,
    compare: str | Path | None,
    workers: int | None,
    progress: Progress,
) -> Reported:
    """See `Corpus.report`."""
    file = Path(out).absolute() if out is not None else None
    other = Path(compare).absolute() if compare is not None else None
    with work_folder(workspace.data) as work, open_workers(workers) as pool:
        return report_on(Run(workspace, workspace.data, work, pool, progress), file, other)


def report_on(run: Run, out: Path | None = None, compare: Path | None = None) -> Reported:
    """The report on the made folders in `run.data`."""
    sources = ReportSources(run.data, run.work, run.workspace.config.about, run.workspace.layers(), _effects)
    return build_report(sources, run.workers, run.progress, out=out, compare=compare)


def _effects(data: Path) -> Sequence[SuggesterOutcomes]:
    """Imported when it is asked for, which is when labels have changed."""
    from corpus_kit.ledger.outcomes import effects

    return effects(data)
