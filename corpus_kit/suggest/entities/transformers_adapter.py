"""Token classifiers of the Transformers library as suggesters: `transformers:NAME_OR_PATH`.

Only what is on this machine is loaded: a folder, or a model in the Hub's cache. Long texts are seen in windows that overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpus_kit.core.errors import EnvironmentProblemError, UsageError
from corpus_kit.suggest.entities.records import Suggestion
from corpus_kit.suggest.entities.revision import folder_revision
from corpus_kit.suggest.entities.windows import Piece, spans_of, windows

BATCH = 16
MOST_PIECES = 512
STRIDE = 64
"""Pieces that neighbouring windows share."""


class TransformersSuggester:
    """Words with labels, joined to spans; a score is the mean probability of the span's words."""

    def __init__(self, name: str, *, batch: int = BATCH, most_pieces: int = MOST_PIECES, stride: int = STRIDE) -> None:
        """name: a folder, or a model's name on the Hub that has been downloaded. Raises UsageError,
        EnvironmentProblemError."""
        try:
            import torch
            from transformers import AutoModelForTokenClassification, AutoTokenizer
        except ImportError as e:
            raise EnvironmentProblemError(
                "Transformers and PyTorch are not installed.", "Run `pip install 'corpus-kit[transformers]'`."
            ) from e
        self._torch = torch
        local = Path(name).is_dir()
        try:
            here: Any = {"local_files_only": True, "trust_remote_code": False}
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name, **here)
            self._model: Any = AutoModelForTokenClassification.from_pretrained(name, **here)
        except (OSError, ValueError) as e:
            hint = (
                "It needs config.json, the weights and tokenizer.json of a token classifier."
                if local
                else f"Give the path of a folder, or download it first: `hf download {name}`."
            )
            raise UsageError(f"There is no usable token classifier '{name}' on this machine.", hint) from e
        if not self._tokenizer.is_fast:
            raise UsageError(
                f"The tokenizer of '{name}' does not tell where its pieces stand in the text.",
                "Choose a model with a fast tokenizer (tokenizer.json).",
            )
        self.device = _device(torch)
        self._model.eval().to(self.device)
        self.name = f"transformers:{Path(name).name if local else name}"
        commit = getattr(self._model.config, "_commit_hash", None)
        self.version = folder_revision(Path(name)) if local or not commit else str(commit)[:12]
        self._names = [self._model.config.id2label[i] for i in range(self._model.config.num_labels)]
        self.labels = sorted({_bare(label) for label in self._names} - {"O"})
        self._before, self._after = self._specials()
        limit = min(int(self._tokenizer.model_max_length), self._positions(), most_pieces)
        self._size = limit - len(self._before) - len(self._after)
        self._batch, self._stride = batch, min(stride, self._size // 2)

    def suggest(self, texts: Sequence[str]) -> Iterator[list[Suggestion]]:
        """The same whatever texts stand together, but for the last digits of scores."""
        encoded = [
            self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
            for text in texts
        ]
        told = [(np.zeros(len(one["input_ids"]), np.int64), np.zeros(len(one["input_ids"]))) for one in encoded]
        cut = [
            (number, *window)
            for number, one in enumerate(encoded)
            if one["input_ids"]
            for window in windows(len(one["input_ids"]), self._size, self._stride)
        ]
        cut.sort(key=lambda w: (w[2] - w[1], w))  # windows of one length fill a batch without padding
        for at in range(0, len(cut), self._batch):
            some = cut[at : at + self._batch]
            found = self._classified([encoded[number]["input_ids"][begin:end] for number, begin, end, _, _ in some])
            for (number, begin, _, counted, stop), chances in zip(some, found, strict=True):
                part = chances[counted - begin : stop - begin]
                told[number][0][counted:stop], told[number][1][counted:stop] = part.argmax(-1), part.max(-1)
        for text, one, (labels, scores) in zip(texts, encoded, told, strict=True):
            pieces = [
                Piece(start, end, self._names[label], score)
                for (start, end), label, score in zip(
                    one["offset_mapping"], labels.tolist(), scores.tolist(), strict=True
                )
            ]
            yield spans_of(pieces, text)

    def _classified(self, rows: Sequence[list[int]]) -> list[Any]:
        """Probabilities of every label for every piece of some windows."""
        torch = self._torch
        whole = [[*self._before, *row, *self._after] for row in rows]
        ids = torch.full((len(whole), max(map(len, whole))), self._tokenizer.pad_token_id or 0)
        mask = torch.zeros_like(ids)
        for number, row in enumerate(whole):
            ids[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        with torch.inference_mode():
            logits = self._model(input_ids=ids.to(self.device), attention_mask=mask.to(self.device)).logits
        chances = torch.softmax(logits.float().cpu(), -1).numpy()
        lead = len(self._before)
        return [one[lead : lead + len(row)] for one, row in zip(chances, rows, strict=True)]

    def _specials(self) -> tuple[list[int], list[int]]:
        """The special pieces that stand before and after a text's own."""
        whole = self._tokenizer("a")["input_ids"]
        bare = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        lead = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
        return whole[:lead], whole[lead + len(bare) :]

    def _positions(self) -> int:
        config = self._model.config
        most = getattr(config, "max_position_embeddings", None) or MOST_PIECES
        # RoBERTa and its kin count positions from behind the padding's.
        return int(most) - (2 if "roberta" in config.model_type else 0)


def _bare(label: str) -> str:
    return label[2:] if label[1:2] == "-" else label


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
