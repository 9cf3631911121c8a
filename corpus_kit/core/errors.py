"""Exceptions: what stops a command. What is merely wrong with the data is a Finding or a rejected row instead.

Every error carries one sentence saying what happened and a `hint`, the next step; the command line prints the two and
exits with `exit_code`.
"""

from __future__ import annotations

EXIT_DONE = 0
EXIT_FINDINGS = 1
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3
EXIT_INTERRUPTED = 130
STOPPED = "Stopped. Nothing is half-written; the same command goes on where it stopped."


class CorpusKitError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message: one sentence that says what is wrong, naming file, key or row.
    hint: the next step the user can take.
    """

    exit_code = EXIT_USAGE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[CorpusKitError], tuple[str, str]]:
        return type(self), (self.message, self.hint)  # errors of worker processes keep their hint


class UsageError(CorpusKitError):
    """A wrong argument, path or option."""


class ConfigError(CorpusKitError):
    """`corpus.toml`, a contract or a layer that cannot be used as it is written."""


class IdentityCollisionError(CorpusKitError):
    """Two different records hash to one doc_id; going on would merge them."""


class EnvironmentProblemError(CorpusKitError):
    """The disk, a permission, a missing package: the data is fine, the machine is not."""

    exit_code = EXIT_ENVIRONMENT


class ModelError(CorpusKitError):
    """A model's own code failed; corpus-kit and the data are fine."""

    exit_code = EXIT_ENVIRONMENT


class ServiceError(CorpusKitError):
    """A server that cannot be reached or refuses."""

    exit_code = EXIT_ENVIRONMENT


class FindingsError(CorpusKitError):
    """`--strict`: findings or rejects where none were allowed."""

    exit_code = EXIT_FINDINGS


def did_you_mean(word: str, accepted: list[str]) -> str:
    """`" Did you mean 'x'?"` for a near miss or a beginning, else an empty string."""
    import difflib

    begun = sorted((name for name in accepted if len(word) > 2 and name.startswith(word)), key=len)
    near = begun or difflib.get_close_matches(word, accepted, n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
