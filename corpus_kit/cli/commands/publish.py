"""`corpus-kit publish`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from corpus_kit.cli.options import FOLDER, SuggestedWords, corpus_option, json_option
from corpus_kit.cli.output import ConsoleProgress, Output, shown_path

PLACES = ("hub", "folder", "zenodo", "s3://BUCKET/PREFIX")


@click.command("publish")
@click.argument("place", type=SuggestedWords(*PLACES), metavar=f"[{'|'.join(PLACES)}]")
@click.argument("name", metavar="NAME", required=False, default="")
@click.option("--private", is_flag=True, help="hub: make the dataset private where it is made.")
@click.option("--gated", is_flag=True, help="hub: readers apply, and you approve them.")
@click.option(
    "--tag", metavar="TAG", help="hub: a name for this revision. By default v and the version in corpus.toml."
)
@click.option("--no-tag", is_flag=True, help="hub: set no tag.")
@click.option("--create-pr", is_flag=True, help="hub: as a pull request, so that somebody else looks first.")
@click.option(
    "--draft", is_flag=True, help="zenodo: reserve the DOI and send the files, but do not publish the deposit."
)
@click.option("--text-free", is_flag=True, help="Publish labels, offsets and hashes without the texts.")
@click.option(
    "--release", type=FOLDER, metavar="DIR", help="Publish this release as it is, instead of the corpus's own."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@corpus_option
@json_option
def command(place: str, name: str, corpus_dir: str | None, as_json: bool, dry_run: bool, **options: Any) -> int:
    """Publish the release to the Hugging Face Hub, to Zenodo, to a bucket, or to a folder.

    NAME is OWNER/NAME on the Hub, a folder, or `sandbox` for trying out Zenodo. What is there afterwards is exactly the
    release: files of an older one go, too. A break leaves nothing that the same command does not end. Keys come from the
    environment: HF_TOKEN or `hf auth login`; ZENODO_TOKEN; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_REGION,
    AWS_ENDPOINT_URL for another store. A deposit's DOI is on the card before it is sent, and a published one never changes.
    Refused, with exit code 1, while `validate` has findings, the card has placeholders, the licence is not named, or an
    address is found.

    \b
    Examples:
      corpus-kit publish hub your-name/strait-news --private --dry-run
      corpus-kit publish hub your-name/strait-news --text-free
      corpus-kit publish folder /mnt/share/strait-news
      corpus-kit publish zenodo --draft
      corpus-kit publish s3://your-bucket/strait-news
    """
    from corpus_kit.corpus import Corpus

    output = Output(as_json)
    corpus = Corpus.open(corpus_dir or ".")
    if options.pop("no_tag"):
        options["tag"] = ""
    made = corpus.publish(place, name, dry_run=dry_run, progress=ConsoleProgress(), **options)
    for finding in made.findings:
        output.data(str(finding))
    if made.findings:
        count = len(made.findings)
        output.say(f"Not published: {count:,} finding{'s' * (count > 1)}.")
        output.next_step("settle what they name, then publish again.")
    else:
        for word, files in (("new", made.added), ("changed", made.changed), ("gone", made.removed)):
            for file in files:
                output.data(f"{word:8}{file}")
        output.say(f"{made.same:,} files are the same.")
        if made.printed_addresses:
            told = f"{made.printed_addresses:,} texts print an e-mail address"
            output.say(f"{told}; the card should say so under Personal and Sensitive Information.")
        if dry_run:
            output.next_step("the same command without --dry-run.")
        else:
            where = made.url or shown_path(Path(made.where))
            output.say(f"Published: {where}" + (f", tag {made.tag}" if made.tag else ""))
            if made.doi:
                output.say(f"DOI: {made.doi}" + (", reserved until you publish the draft" if options["draft"] else ""))
            output.next_step(
                f"cite it: https://doi.org/{made.doi}" if made.doi else f'load it: load_dataset("{made.where}").'
            )
    output.json(made.as_dict())
    return 1 if made.findings else 0
