"""`corpus-kit`: the group of commands. A command's module is imported when it runs, so that `--help` is instant."""

from __future__ import annotations

import importlib
import keyword
import sys

import click

from corpus_kit.core.errors import did_you_mean
from corpus_kit.core.version import __version__

# name → one line of help. The module is corpus_kit.cli.commands.<name>, with a click command called `command`; a name
# that is a word of Python (`import`) gets an underscore behind it.
COMMANDS = {
    "init": "Make a new corpus from the template.",
    "layer": "One more layer: what else is to be labelled.",
    "target": "One more target that stance is asked about.",
    "inspect": "What is there and how it would be read, with the corpus.toml lines that say so.",
    "build": "Raw files to documents, release and card: the main job.",
    "validate": "Check every made table against its contract, and the release.",
    "export": "The release as --hf, --arrow, --jsonl; its gold as --conll, --spacy, --tokenizer.",
    "publish": "The release to the Hub or a folder, in one consistent step.",
    "verify": "Check a release that somebody else made.",
    "recipe": "A script that trains on a release: ner, stance, boilerplate, soft.",
    "evaluate": "F1 of predictions against gold and each person, and what people reach.",
    "hydrate": "Texts back into a release that holds none, from pages you have.",
    "suggest": "Suggestions for one layer; --train learns from what people labelled.",
    "studio": "A private Label Studio on this machine, with its projects.",
    "push": "Documents and suggestions to Label Studio; a second push writes nothing.",
    "pull": "What people labelled since the last pull, into the ledger.",
    "import": "Exports of Label Studio or another tool into the ledger, offline.",
    "adopt": "Continue a labeling project that was made without corpus-kit.",
    "restore": "The ledger's annotations back into a server that lost them.",
    "status": "How far labeling is, per layer and annotator.",
    "agreement": "How far people agree, with intervals, and where they differ most.",
    "adjudicate": "Gold by a named policy; ties stay open disagreements.",
    "review": "Labels that contradict how the same words are labelled elsewhere.",
    "why": "How a label came about: who said what, what was decided, and under which rules it would not be.",
    "multiverse": "Which gold, shares and agreement hold under other defensible rules, and what turns on which.",
    "report": "The corpus as one page to look at: counts, agreement, a reader.",
    "trust": "Show what of this corpus may run and which server may get your key; allow it.",
    "locate": "The bytes of the raw file that a span of a document was read from.",
    "card": "Refresh the generated parts of DATASET_CARD.md.",
    "doctor": "Say what is wrong with this installation and how to fix it.",
}

# As `--help` lists them; every command is in one of the groups.
GROUPS = {
    "Start": "init layer target inspect build",
    "Label": "suggest studio push pull import adopt restore status serve",
    "Measure": "agreement adjudicate review why multiverse evaluate",
    "Publish": "export publish verify hydrate recipe card",
    "Care": "validate report locate trust doctor",
}


def python_name(command: str) -> str:
    """The name of a command's module and of its method of `Corpus`: `import` → `import_`."""
    return f"{command}_" if keyword.iskeyword(command) else command.replace("-", "_")


class LazyGroup(click.Group):
    """Lists its commands from a table and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"corpus_kit.cli.commands.{python_name(name)}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = did_you_mean(args[0], list(COMMANDS))
            raise click.UsageError(f"There is no command '{args[0]}'.{near}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name]) for name in names.split() if name in COMMANDS])


def _completion(ctx: click.Context, _param: click.Parameter, shell: str | None) -> None:
    """Print click's script for a shell; what it needs at every key is `corpus-kit` itself."""
    if not shell or ctx.resilient_parsing:
        return
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.command, {}, "corpus-kit", "_CORPUS_KIT_COMPLETE").source())
    ctx.exit()


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="corpus-kit")
@click.option(
    "--completion",
    type=click.Choice(["bash", "zsh", "fish"]),
    is_eager=True,
    expose_value=False,
    callback=_completion,
    help="Print the script that completes commands, options, layers and files in your shell.",
)
def cli() -> None:
    """From raw scraped text to a published, human-labelled dataset and back, without losing a character.

    \b
    Start:  corpus-kit init my-corpus      then put texts into my-corpus/data/raw
            cd my-corpus && corpus-kit build
    Or:     corpus-kit build PAGES --out DIR
    \b
    Completion, for instance in ~/.bashrc:  eval "$(corpus-kit --completion bash)"
    """


def main(args: list[str] | None = None) -> None:
    """Entry point: run the command, turn every exception into a sentence and an exit code."""
    from corpus_kit.cli.errors import run

    sys.exit(run(cli, args))
