"""spaCy pipelines as suggesters: `spacy:NAME`, an installed package or a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.suggest.entities.revision import folder_revision

BATCH = 64
NEEDLESS = ("parser", "tagger", "morphologizer", "lemmatizer", "attribute_ruler", "senter", "textcat")
"""Components that no entity depends on, unless the patterns of an entity ruler ask for what they find."""


class SpacySuggester:
    """Entities (`doc.ents`) of a pipeline. spaCy tells no probability of them: every score is 1."""

    def __init__(self, name: str) -> None:
        """name: an installed pipeline or the path of a folder. Raises UsageError, EnvironmentProblemError."""
        try:
            import spacy.about
            import spacy.util
        except ImportError as e:
            raise EnvironmentProblemError(
                "spaCy is not installed.", "Run `pip install 'corpus-kit[spacy]'`, then install the pipeline."
            ) from e
        from thinc.api import fix_random_seed, prefer_gpu

        fix_random_seed(0)
        on_gpu = prefer_gpu()
        try:
            self._nlp: Any = spacy.util.load_model(name)
        except OSError as e:
            raise UsageError(
                f"There is no spaCy pipeline '{name}'.",
                f"Install it (`python -m spacy download {Path(name).name}`), or give the path of a pipeline's folder.",
            ) from e
        names = self._nlp.pipe_names
        if not any("ruler" in self._nlp.get_pipe_meta(one).factory for one in names):
            self._nlp.select_pipes(disable=[one for one in NEEDLESS if one in names])
        self.device = "gpu" if on_gpu else "cpu"
        folder = Path(name)
        self.name = f"spacy:{folder.name}"
        local = folder.is_dir()
        self.version = (
            folder_revision(folder) if local else f"{self._nlp.meta['version']}-spacy{spacy.about.__version__}"
        )
        self.labels = sorted(self._labels())
        if not self.labels:
            raise UsageError(
                f"The spaCy pipeline '{name}' marks no entities.", "Choose one with `ner` or an entity ruler."
            )

    def suggest(self, texts: Sequence[str]) -> Iterator[list[tuple[int, int, str, float]]]:
        """Offsets are spaCy's own, which are code points."""
        longest = max(map(len, texts), default=0)
        self._nlp.max_length = max(self._nlp.max_length, longest + 1)
        for doc in self._nlp.pipe(texts, batch_size=BATCH):
            yield [(ent.start_char, ent.end_char, ent.label_, 1.0) for ent in doc.ents]

    def _labels(self) -> set[str]:
        marking = [name for name in self._nlp.pipe_names if "doc.ents" in self._nlp.get_pipe_meta(name).assigns]
        return {label for name in marking for label in getattr(self._nlp.get_pipe(name), "labels", ())}
