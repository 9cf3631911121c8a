"""The commands page, from click: usage, words, arguments, options and examples of every command."""

from __future__ import annotations

import re
import textwrap

import click

from corpus_kit.cli.main import COMMANDS, cli, python_name
from docs.tools.marked import table


def command_of(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def commands() -> str:
    """All commands in the order of `corpus-kit --help`."""
    return "\n\n".join(_command(name, command_of(name)) for name in COMMANDS)


def _command(name: str, command: click.Command) -> str:
    subcommands = getattr(command, "commands", {})
    parts = [_one(f"{name}", command, level=2)]
    parts += [_one(f"{name} {sub}", inner, level=3) for sub, inner in sorted(subcommands.items())]
    return "\n\n".join(parts)


def _one(name: str, command: click.Command, *, level: int) -> str:
    words, example = _split(command.help or "")
    usage = " ".join(command.collect_usage_pieces(click.Context(command, info_name=name)))
    method = python_name(name.split()[0])
    parts = [
        f"{'#' * level} `corpus-kit {name}`",
        f"```text\ncorpus-kit {name} {usage}\n```",
        words,
    ]
    options = [_row(p) for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        parts.append(table(("option", "meaning"), options))
    if example:
        parts.append(f"```sh\n{example}\n```")
    parts.append(f"In Python: [`Corpus.{method}`](python.md#corpus{method}).")
    return "\n\n".join(parts)


def _split(text: str) -> tuple[str, str]:
    """The words of a help text, and the lines of its example.

    A paragraph that click must not wrap begins with a backspace; those that are no example stay as they are.
    """
    words, example = [], ""
    for paragraph in re.split(r"\n[ \t]*\n", textwrap.dedent(text)):
        kept = "\b" in paragraph
        lines = textwrap.dedent(paragraph.replace("\b", "")).strip().splitlines()
        if lines and re.match(r"Examples?:", lines[0]):
            example = "\n".join(_commented(line) for line in textwrap.dedent("\n".join(lines[1:])).splitlines())
        elif kept:
            words.append("```text\n" + "\n".join(lines) + "\n```")
        else:
            words.append(" ".join(line.strip() for line in lines))
    return "\n\n".join(filter(None, words)), example


def _commented(line: str) -> str:
    """`command      remark` of a help text as a line of shell."""
    found = re.match(r"(corpus-kit .*?)\s{2,}(\S.*)$", line)
    return f"{found[1]}  # {found[2]}" if found else line


def _row(option: click.Option) -> tuple[str, str]:
    names = [*option.opts, *option.secondary_opts]
    value = "" if option.is_flag or option.count else f" {option.metavar or option.make_metavar(click.Context(_ANY))}"
    shown = ", ".join(f"`{name}{value}`" for name in names)
    help_text = option.help or ""
    if option.show_default and option.default not in (None, ()):
        help_text += f" Default: `{option.default}`."
    if option.multiple and not option.flag_value and "repeated" not in help_text:
        help_text += " May be repeated."
    return shown, help_text


_ANY = click.Command("any")
