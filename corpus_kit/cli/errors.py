"""One map from exceptions to a sentence, a next step and an exit code. A traceback only with CORPUS_KIT_DEBUG=1."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import traceback
import warnings

import click

from corpus_kit.cli.output import end_progress, harmless
from corpus_kit.cli.terminal import colours, styled
from corpus_kit.core.errors import (
    EXIT_DONE,
    EXIT_ENVIRONMENT,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    STOPPED,
    CorpusKitError,
    did_you_mean,
)
from corpus_kit.core.parallel.process import SAFE_PATH
from corpus_kit.core.storage.disk import DiskWarning

_OS_ERRORS = {
    errno.ENOSPC: ("The disk is full", "Free some space and run the command again; finished parts are kept."),
    errno.EDQUOT: ("Your disk quota is used up", "Free some space and run the command again; finished parts are kept."),
    errno.EROFS: ("The disk is read-only", "Name a folder that can be written with --out."),
    errno.EACCES: ("Permission is denied", "Check the owner and the permissions, or name another folder with --out."),
    errno.EPERM: ("Permission is denied", "Check the owner and the permissions, or name another folder with --out."),
    errno.EMFILE: ("Too many files are open", "Raise the limit with `ulimit -n 4096` and run the command again."),
    errno.EIO: ("The disk reports an error", "Check the disk; what was read so far is kept."),
}


def run(command: click.Command, args: list[str] | None = None) -> int:
    """Run a click command and return its exit code: 0 done, 1 findings, 2 usage, 3 environment, 130 Ctrl-C."""
    open_streams()
    warnings.filterwarnings("always", category=DiskWarning)
    warnings.showwarning = _show_warning
    try:
        return _run(command, args)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not an error, and nothing more can be said.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return EXIT_DONE


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """What a library warns of is for programmers; what a disk cannot do is for everybody."""
    if issubclass(category, DiskWarning):
        click.echo(f"Warning: {harmless(str(message))}", err=True)
    elif os.environ.get("CORPUS_KIT_DEBUG") == "1":
        click.echo(harmless(f"{category.__name__}: {message}"), err=True)


def open_streams() -> None:
    """Give a process that was started without standard streams (`>&-`, some daemons) ones that go nowhere.

    A file opened later would get their numbers, and what is printed would go into it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no Greek is no bug


def _run(command: click.Command, args: list[str] | None) -> int:
    for library in ("TORCH", "TF", "JAX"):
        # `datasets` imports these where they are installed, 200 MB and some seconds that no command has a use for.
        os.environ.setdefault(f"USE_{library}", "0")
    # Whatever a library starts looks for modules in no working folder, which may be a stranger's corpus.
    os.environ[SAFE_PATH] = "1"
    # Plugins have no say in how a corpus.toml is read, and pydantic looks through every installed package for them.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        result = command.main(args, prog_name="corpus-kit", standalone_mode=False)
        return result if isinstance(result, int) else EXIT_DONE
    except click.exceptions.NoArgsIsHelpError as e:
        e.show()
        return EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        end_progress()
        click.echo(STOPPED, err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as e:  # noqa: BLE001 - the last line of defence: a bug becomes a sentence, not a page of code
        sentence, hint, code = _said_of(e)
        _say(sentence, hint)
        return code


def _said_of(error: Exception) -> tuple[str, str, int]:
    """A sentence, the next step and the exit code."""
    if isinstance(error, CorpusKitError):
        return error.message, error.hint, error.exit_code
    if isinstance(error, click.NoSuchOption):
        return (
            f"No such option '{error.option_name}'.{_near_option(error)}",
            f"See `{_place(error)} --help`.",
            EXIT_USAGE,
        )
    if isinstance(error, click.ClickException):
        return error.format_message(), f"See `{_place(error)} --help`.", EXIT_USAGE
    if isinstance(error, MemoryError):
        step = "Use fewer --workers, or lower input.max_record_bytes in corpus.toml."
        return "The memory is used up.", step, EXIT_ENVIRONMENT
    cause = error if isinstance(error, OSError) else _disk_error(error)
    if cause is not None:
        return (*_os_sentence(cause), EXIT_ENVIRONMENT)
    if type(error).__module__.startswith("polars") and "parquet" in str(error).lower():
        return (
            f"A made Parquet file is damaged: {str(error).splitlines()[0][:300].rstrip('.')}.",
            "`corpus-kit build` makes the tables again; `corpus-kit validate` names a file that stays damaged.",
            EXIT_ENVIRONMENT,
        )
    return (
        f"This is a bug in corpus-kit: {type(error).__name__}: {str(error)[:300]}",
        "Run the command with CORPUS_KIT_DEBUG=1 and report what it prints.",
        EXIT_ENVIRONMENT,
    )


def _place(error: click.ClickException) -> str:
    return str(getattr(getattr(error, "ctx", None), "command_path", "corpus-kit"))


def _near_option(error: click.NoSuchOption) -> str:
    """Compared without dashes, which make any two options alike."""
    if error.ctx is None:
        return ""
    options = [name for option in error.ctx.command.get_params(error.ctx) for name in option.opts]
    near = did_you_mean(error.option_name.lstrip("-"), [name[2:] for name in options if name.startswith("--")])
    return near.replace("mean '", "mean '--")


def _os_sentence(error: OSError) -> tuple[str, str]:
    what, hint = _OS_ERRORS.get(error.errno or 0, (error.strerror or str(error), "Check the path and the disk."))
    place = f": {error.filename}" if error.filename else ""
    return f"{what}{place}.", hint


def _disk_error(error: BaseException) -> OSError | None:
    """Libraries wrap "no space left" in errors of their own."""
    text = str(error).lower()
    if "no space left" in text:
        return OSError(errno.ENOSPC, "No space left on device")
    return error.__cause__ if isinstance(error.__cause__, OSError) else None


def _say(sentence: str, hint: str) -> None:
    end_progress()
    if os.environ.get("CORPUS_KIT_DEBUG") == "1":
        click.echo(harmless(traceback.format_exc()), err=True)
    colour = colours(sys.stderr)
    click.echo(f"{styled('Error:', sys.stderr, fg='red', bold=True)} {harmless(sentence)}", err=True, color=colour)
    if hint:
        click.echo(f"  {styled('→', sys.stderr, fg='cyan')} {harmless(hint)}", err=True, color=colour)
