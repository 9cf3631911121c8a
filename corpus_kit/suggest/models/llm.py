"""Language models on a server as suggesters: `llm:MODEL@http://HOST:PORT/v1`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus_kit.core.config import LayerModel
from corpus_kit.core.errors import ServiceError, UsageError
from corpus_kit.core.layers import Layer
from corpus_kit.core.records import Budget
from corpus_kit.suggest.models.calls import CallStore, KeptCall
from corpus_kit.suggest.models.interface import Looked, Proposal
from corpus_kit.suggest.models.prompt import PROMPT_VERSION, Interview, Understood, interview_of, understand
from corpus_kit.suggest.models.server import ChatServer, NoAnswerError, address_of, require_reader

__all__ = ["LLMUsage", "LlmSuggester", "Looked", "address_of", "open_llm"]

ATTEMPTS = 3
MOST_FAILURES = 5
"""Documents in a row that a server may leave without an answer before it counts as out of order."""
TEMPERATURE, SEED = 0.0, 0
_MILLION = 1_000_000
first_wait = 0.5
"""Seconds before a question is asked again; doubled each time."""


@dataclass(slots=True)
class LLMUsage:
    """What was asked in this command. cost: in the unit of the prices."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


def open_llm(wish: LayerModel, layer: Layer, data: Path, budget: Budget | None) -> LlmSuggester:
    """A model on a server, for one layer. budget: None asks nothing and only reads what was answered before.

    Raises:
        UsageError: A wrong spelling, a server that was not allowed, a layer without questions, a limit of cost without
            prices.
    """
    address = address_of(wish.model)
    server = None
    if budget is not None and budget.max_calls != 0:
        require_reader(address)
        if budget.max_cost is not None and not (wish.price_in or wish.price_out):
            raise UsageError(
                f"No one knows what {wish.model} costs.",
                "Write price_in and price_out, for a million tokens, into its entry in [[suggest.models]].",
            )
        server = ChatServer(address, wish.timeout)
    return LlmSuggester(address.model, wish, layer, data, server, budget or Budget(max_calls=0))


class LlmSuggester:
    """`look` tells what is known of a text, and asks the server as far as the budget goes."""

    labels: Sequence[str] = ()

    def __init__(
        self,
        model: str,
        wish: LayerModel,
        layer: Layer,
        data: Path,
        server: ChatServer | None,
        budget: Budget,
    ) -> None:
        self.interview: Interview = interview_of(layer)
        if not self.interview.schema["properties"]:
            raise UsageError(
                f"The layer '{layer.name}' has no labels and no questions with fixed answers.",
                "A language model can be asked about <Labels>, <Choices> and <Taxonomy>.",
            )
        self.name = f"llm:{model}"
        self._wish, self._server, self._budget = wish, server, budget
        self._settings = {"temperature": TEMPERATURE, "seed": SEED, "max_tokens": wish.max_tokens}
        told = [PROMPT_VERSION, model, self.interview.system, self.interview.schema, self._settings, wish.window]
        self.version = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:12]
        self._calls = CallStore(data, layer.name, self.version)
        self.spent = LLMUsage()
        self._failures = 0

    def suggest(self, texts: Sequence[str], layer: Layer) -> Iterator[list[Proposal]]:
        """The proposals alone."""
        for text in texts:
            yield self.look(text, layer).proposals

    def look(self, text: str, layer: Layer) -> Looked:
        """What is known of a text, asking for what is not as far as the budget goes.

        Raises:
            ServiceError: The server refuses the request, or has given no answer several times in a row.
        """
        made, parts, keys = Looked(), [], []
        for start, end in windows_of(text, self._wish.window):
            part = text[start:end]
            key = hashlib.sha256(f"{self.version}\n{part}".encode("utf-8", "surrogatepass")).hexdigest()
            call = self._calls.get(key) or self._ask(key, part)
            keys.append(f"{key} {call is not None}")
            if call is None:
                made.answered = False
                continue
            parts.append(_moved(self._understood(part, call), start))
        made.key = hashlib.sha256("\n".join(keys).encode()).hexdigest()
        if made.answered:  # half an answer is none: the other half may say otherwise
            _join(parts, made)
        return made

    def _understood(self, text: str, call: KeptCall) -> Understood:
        if call.refusal or call.finish == "content_filter":
            refused = Understood()
            refused.refuse("model_refused", " ".join(call.refusal.split())[:80] or "content filter")
            return refused
        made = understand(self.interview, text, call.answer)
        if call.finish == "length":
            made.refuse("model_malformed", f"The answer was cut at {self._wish.max_tokens} tokens.")
        return made

    def _ask(self, key: str, text: str) -> KeptCall | None:
        """The server's answer, which is kept; None where it may not be asked or does not answer."""
        schema = {"name": "labels", "strict": True, "schema": self.interview.schema}
        body: dict[str, Any] = {
            "messages": self.interview.messages(text),
            "response_format": {"type": "json_schema", "json_schema": schema},
            **self._settings,
        }
        most_in = len(
            json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        )  # no token is shorter than a byte
        wait = first_wait
        for attempt in range(ATTEMPTS):
            if self._server is None or not self._affordable(most_in):
                return None
            if attempt:
                time.sleep(wait)
                wait *= 2
            self.spent.calls += 1
            try:
                call = self._server.ask(body, most_in, self._wish.max_tokens)
            except NoAnswerError as e:
                why = str(e)
                continue
            self._count(call)
            self._failures = 0
            self._calls.keep(key, call)
            return call
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            raise ServiceError(
                f"{self._server.address.origin if self._server else 'The server'} gave no answer for {MOST_FAILURES} "
                f"documents in a row ({why}).",
                "What it answered before is kept. Look at the server, then run the same command again.",
            )
        return None

    def _affordable(self, most_in: int) -> bool:
        """Whether one more call surely stays within the budget."""
        budget = self._budget
        if budget.max_calls is not None and self.spent.calls >= budget.max_calls:
            return False
        return (
            budget.max_cost is None or self.spent.cost + self._price(most_in, self._wish.max_tokens) <= budget.max_cost
        )

    def _count(self, call: KeptCall) -> None:
        self.spent.tokens_in += call.tokens_in
        self.spent.tokens_out += call.tokens_out
        self.spent.cost += self._price(call.tokens_in, call.tokens_out)

    def _price(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self._wish.price_in + tokens_out * self._wish.price_out) / _MILLION


def windows_of(text: str, size: int) -> Iterator[tuple[int, int]]:
    """Start and end of the pieces that a long text is shown in: cut after a line or a word, an eighth shared."""
    start = 0
    while True:
        end = min(len(text), start + size)
        if end < len(text):
            least = start + size // 2
            cut = max(text.rfind("\n", least, end), text.rfind(" ", least, end) if "\n" not in text[least:end] else -1)
            end = cut + 1 if cut > 0 else end
        yield start, end
        if end == len(text):
            return
        back = max(end - size // 8, start + 1)
        word = next((i for i in range(back, end) if text[i].isspace()), back - 1)
        start = word + 1


def _moved(part: Understood, by: int) -> Understood:
    """The proposals with offsets of the whole text."""
    part.proposals = [
        one if one.start is None or one.end is None else one._replace(start=one.start + by, end=one.end + by)
        for one in part.proposals
    ]
    return part


def _join(parts: Sequence[Understood], made: Looked) -> None:
    """What the pieces of one text say together. About the text as a whole they must say the same."""
    made.problems += [problem for part in parts for problem in part.problems]
    spans: dict[tuple[Any, ...], Proposal] = {}
    answers: dict[str, list[set[tuple[str, float]]]] = {}
    for part in parts:
        own: dict[str, set[tuple[str, float]]] = {}
        for one in part.proposals:
            if one.start is None:
                own.setdefault(one.control, set()).add((one.value, one.score))
            else:
                spans.setdefault((one.control, one.value, one.start, one.end), one)
        for control, given in own.items():
            answers.setdefault(control, []).append(given)
    made.proposals = list(spans.values())
    for control, each in answers.items():
        values = [frozenset(value for value, _ in given) for given in each]
        if len(set(values)) > 1:
            told = "; ".join(", ".join(sorted(value)) for value in values)
            made.problems.append(("windows_disagree", f"{control}: {told}"[:200]))
            continue
        for value in sorted(values[0]):
            scores = [score for given in each for told_value, score in given if told_value == value]
            made.proposals.append(Proposal(control, value, round(sum(scores) / len(scores), 4)))
