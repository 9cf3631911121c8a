"""Why a record, row or result was not taken: the closed list of reason codes, with a sentence and a next step each.

A code stays the same for the same cause; documentation and reports are made from this list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of rejection: `code` (stable), `meaning` (one sentence), `hint` (what the user can do)."""

    code: str
    meaning: str
    hint: str


_ALL = (
    Reason("empty_text", "The text is empty or holds white space only.", "Scrape the page again or remove the file."),
    Reason("binary", "The content is not text.", "Convert it to text before it comes to the raw folder."),
    Reason(
        "undecodable",
        "No text encoding reads these bytes without an error.",
        "Save the file as UTF-8; nothing is ever decoded with replacement characters.",
    ),
    Reason("nul_character", "The text holds a NUL character (U+0000).", "Remove it; no server or format keeps it."),
    Reason(
        "lone_surrogate",
        "The text holds half of a surrogate pair, which no UTF-8 file can carry.",
        "Write the character as a whole in the input.",
    ),
    Reason("truncated", "The compressed file ends too early.", "Fetch the file again."),
    Reason("malformed_compression", "The file is not valid gzip or Zstandard.", "Check its suffix and fetch it again."),
    Reason(
        "decompression_bomb",
        "The file expands to far more than text ever does.",
        "Look at the file; when it is genuine, decompress it yourself.",
    ),
    Reason(
        "record_too_large",
        "The record is larger than `input.max_record_bytes`.",
        "Split the record, or raise the limit in corpus.toml.",
    ),
    Reason(
        "file_too_large",
        "The file is larger than `input.max_file_bytes`.",
        "Split the file, or raise the limit in corpus.toml.",
    ),
    Reason("malformed_json", "The record is not valid JSON.", "Mend that line; the other lines are taken."),
    Reason("malformed_csv", "The row does not have the header's columns or its quoting is broken.", "Mend that row."),
    Reason("malformed_parquet", "The file is not a readable Parquet file.", "Write the file again."),
    Reason(
        "missing_text",
        "The record has no text field.",
        "Name the field that holds the text in corpus.toml: [input.columns] text = …",
    ),
    Reason("text_not_string", "The text field holds something other than a string.", "Write the text as a string."),
    Reason(
        "duplicate_id",
        "Another record of the corpus has the same id; the first one is kept.",
        'Make the ids unique, or set id_scope = "file" in corpus.toml when they are unique in each file only.',
    ),
    Reason("bad_id", "The record's id is neither a string nor a whole number, or is empty.", "Mend or omit the id."),
    Reason(
        "unsupported_format",
        "Files of this suffix are not read.",
        "Convert it to .txt, .md, .jsonl, .json, .csv or .parquet.",
    ),
    Reason("unreadable", "The file or folder cannot be opened.", "Check its permissions and the disk."),
    Reason("not_a_file", "It is neither a regular file nor a folder.", "Remove it from the raw folder."),
    Reason("bad_file_name", "The file's name is not valid Unicode.", "Rename the file."),
    Reason(
        "symlink_outside",
        "The symbolic link leads out of the raw folder.",
        "Copy the file into the folder, or build the folder it points to.",
    ),
    Reason(
        "symlink_directory",
        "The symbolic link leads to a folder that is read under its own name.",
        "Remove the link.",
    ),
    Reason(
        "hash_mismatch",
        "The file's bytes are not those that the metadata's sha256 or bytes names.",
        "Fetch the file again, or correct the metadata.",
    ),
    Reason(
        "metadata_unmatched",
        "The metadata row names a file that is not in the raw folder.",
        "Correct the file name in the metadata, or add the file.",
    ),
    Reason("malformed_metadata", "The metadata row cannot be used.", "Mend that row."),
    Reason(
        "changed_while_read",
        "The file changed while it was read.",
        "Build again when nothing writes to the raw folder.",
    ),
    Reason(
        "contract",
        "The row fails its table's contract.",
        "The detail names contract, column, check and value; mend the input or the contract in schemas/.",
    ),
)

REASONS: dict[str, Reason] = {r.code: r for r in _ALL}
