"""Why a record, row or result was not taken: the closed list of reason codes, with a sentence and a next step each.

A code stays the same for the same cause; documentation and reports are made from this list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of rejection: `code` (stable), `meaning` (one sentence), `hint` (what the user can do).

    alone: what one can do in a build without a corpus, where that is something else.
    """

    code: str
    meaning: str
    hint: str
    alone: str = ""


_ALL = (
    Reason(
        "empty_text",
        "The text is empty, holds white space only, or is a word for null: nan, None, NULL.",
        "Scrape the page again or remove the file.",
    ),
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
    Reason(
        "malformed_compression",
        "The file is not valid gzip, Zstandard, bzip2 or xz.",
        "Check its suffix and fetch it again.",
    ),
    Reason(
        "decompression_bomb",
        "The file expands to far more than text ever does.",
        "Look at the file; when it is genuine, raise `input.max_expansion` in corpus.toml.",
        "Look at the file; when it is genuine, raise the limit: --read max_expansion=1000.",
    ),
    Reason(
        "record_too_large",
        "The record is larger than `input.max_record_bytes`.",
        "Split the record, or raise the limit in corpus.toml.",
        "Split the record, or raise the limit: --read max_record_bytes='64 MiB'.",
    ),
    Reason(
        "file_too_large",
        "The file is larger than `input.max_file_bytes`.",
        "Split the file, or raise the limit in corpus.toml.",
        "Split the file, or raise the limit: --read max_file_bytes='16 GiB'.",
    ),
    Reason(
        "too_many_records",
        "The file has more records than `input.max_file_records`; those before are taken, of Parquet none.",
        "Split the file, or raise the limit in corpus.toml.",
        "Split the file, or raise the limit: --read max_file_records=50000000.",
    ),
    Reason(
        "too_many_columns",
        "The table has more columns than `input.max_columns`.",
        "Leave columns out, or raise the limit in corpus.toml.",
        "Leave columns out, or raise the limit: --read max_columns=20000.",
    ),
    Reason(
        "too_many_members",
        "The archive has more files than `input.max_archive_members`; those before are taken.",
        "Split the archive, or raise the limit in corpus.toml.",
        "Split the archive, or raise the limit: --read max_archive_members=5000000.",
    ),
    Reason(
        "metadata_too_large",
        "The footer of the Parquet file, or the directory of the .zip, is larger than `input.max_metadata_bytes`.",
        "Write it as several files, or raise the limit in corpus.toml.",
        "Write it as several files, or raise the limit: --read max_metadata_bytes='64 MiB'.",
    ),
    Reason("malformed_json", "The record is not valid JSON.", "Fix that record; the others are taken."),
    Reason(
        "malformed_csv",
        "The row does not have the header's columns or its quoting is broken.",
        "Fix that row, or name the dialect in [[input.files]]: delimiter, quote, escape; the other rows are taken.",
        "Fix that row, or name the dialect: --read delimiter=';', --read quote=, --read 'escape=\\'; others are taken.",
    ),
    Reason(
        "no_header",
        "The first row of the file looks like data, not like names of columns.",
        'Add an entry [[input.files]] with header = false and name columns by number: columns = { text = "3" }.',
        "Read it with --read header=false and name columns by number: --column text=3.",
    ),
    Reason(
        "malformed_parquet",
        "The file, or a part of it, is not readable Parquet.",
        "Write the file again; the parts that can be read are taken.",
    ),
    Reason(
        "malformed_archive", "The archive, or a file in it, cannot be read.", "Fetch the archive again or unpack it."
    ),
    Reason("malformed_warc", "The record of the web archive cannot be read.", "Fetch the archive again."),
    Reason(
        "malformed_text",
        "The text cannot be cut into records.",
        "Correct `records` of the entry in [[input.files]].",
        "Correct --read records=….",
    ),
    Reason(
        "label_studio_export",
        "The file is an export of Label Studio: people's answers, not texts.",
        'Bring the answers in with `corpus-kit import FILE`; for the texts name their field: text = "data.text".',
        "Bring the answers into a corpus with `corpus-kit import FILE`; for the texts: --column text=data.text.",
    ),
    Reason(
        "missing_text",
        "The record has no text field.",
        "Name the field that holds the text in corpus.toml: [input.columns] text = …",
        "Name the field that holds the text: --column text=FIELD.",
    ),
    Reason(
        "text_not_string",
        "The text field holds something other than a string.",
        'Write the text as a string; a list of strings is joined by [input] join = "\\n\\n".',
        "Write the text as a string; a list of strings is joined by --read 'join=\\n\\n'.",
    ),
    Reason(
        "duplicate_id",
        "Another record has the same id, or is the same path with another compression; the first one is kept.",
        'Make the ids unique, or set id_scope = "file" in corpus.toml when they are unique in each file only.',
        "Make the ids unique, or use --read id_scope=file when they are unique in each file only.",
    ),
    Reason("bad_id", "The record's id is neither a string nor a whole number, or is empty.", "Fix or omit the id."),
    Reason(
        "unsupported_format",
        "Files of this kind are not read.",
        "The detail names the command that converts it; text under another suffix is read with an entry in [[input.files]].",
        "The detail names the command that converts it; text under another suffix is read with --read format=text.",
    ),
    Reason("unreadable", "The file or folder cannot be opened.", "Check its permissions and the disk."),
    Reason(
        "reader_failed",
        "The reader of this format stumbled over the file; what it read before is taken.",
        "This is a fault of corpus-kit: please report it with the file, and with what CORPUS_KIT_DEBUG=1 prints.",
    ),
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
    Reason("malformed_metadata", "The metadata row cannot be used.", "Fix that row."),
    Reason(
        "changed_while_read",
        "The file changed while it was read.",
        "Build again when nothing writes to the raw folder.",
    ),
    Reason(
        "contract",
        "The row fails its table's contract.",
        "The detail names contract, column, check and value; fix the input or the contract in schemas/.",
    ),
    Reason(
        "unmatched_task",
        "The task belongs to no document: neither its doc_id nor its text is in the corpus.",
        "Put the page back into data/raw; the ledger keeps the work and the next build takes it.",
    ),
    Reason(
        "ambiguous_task",
        "The task names no document of the corpus, and its text is that of several.",
        "Give the task's data the doc_id of the document that is meant.",
    ),
    Reason(
        "unknown_layer",
        "The corpus no longer has the layer that the annotation was imported for.",
        "Put the layer back into corpus.toml and annotation/, or leave it: the ledger keeps the work.",
    ),
    Reason("unknown_text", "Nothing holds the text that was annotated.", "Import an export that has the task's text."),
    Reason(
        "repeated_annotation",
        "Annotations of two documents have the same unique_id; that of the first document is kept.",
        "Look at both tasks in Label Studio: one of them is a copy.",
    ),
    Reason("malformed_annotation", "What stands in the place of an annotation is none.", "Export the project again."),
    Reason("malformed_result", "The result is not one that Label Studio makes.", "Look at the tool that wrote it."),
    Reason(
        "unknown_control",
        "The layer's config.xml has no control of that name.",
        "Put the control back into config.xml, or import the file for the layer it belongs to (--layer).",
    ),
    Reason("unknown_object", "The layer's config.xml has no object of that name.", "Put it back into config.xml."),
    Reason(
        "wrong_type",
        "The result is of another type than its control in the layer's config.xml.",
        "Give the new control in config.xml a name of its own.",
    ),
    Reason(
        "unknown_label",
        "The control in the layer's config.xml does not have this label.",
        "Put the label back into config.xml; a label that is renamed keeps its old name as `alias`.",
    ),
    Reason("missing_answer", "The result holds no label, choice or value.", "Look at the task; somebody left it open."),
    Reason("bad_offsets", "The span's start or end is no whole number.", "Look at the tool that wrote it."),
    Reason("offsets_reversed", "The span ends before it starts, or is empty.", "Mark the span again."),
    Reason(
        "offsets_out_of_range",
        "The span lies outside its text, counted in code points and in UTF-16 units.",
        "Mark the span again; a suggestion with such offsets is a fault of its model.",
    ),
    Reason(
        "offsets_mismatch",
        "The words at the span's place are not those it was made on, counted in code points or in UTF-16 units.",
        "The task's text was changed under the annotation; mark the span again.",
    ),
    Reason(
        "offsets_ambiguous",
        "Some spans of the annotation count code points and some UTF-16 units; nothing tells which this one does.",
        "Mark the span again.",
    ),
    Reason("repeated_answer", "The same region has the same label twice.", "Remove one of them in Label Studio."),
    Reason(
        "unknown_region",
        "The choice or relation is about a span that is missing or was rejected.",
        "Fix the span; the answers about it follow.",
    ),
    Reason(
        "quote_not_found",
        "A model quoted words that do not stand in the text it was shown.",
        "Nothing to do; where it is frequent, try another model or ask in the guidelines for exact quotes.",
    ),
    Reason(
        "quote_ambiguous",
        "The words that a model quoted stand in several places, and nothing tells which one it meant.",
        "Nothing to do; longer quotes, asked for in the guidelines, are rarer in this.",
    ),
    Reason(
        "model_malformed",
        "A model's answer, or a part of it, is not what was asked for.",
        "Raise `max_tokens` where the answer was cut; else try a model that keeps to a JSON schema.",
    ),
    Reason(
        "model_refused", "A model refused to answer about this document.", "Label it by hand, or try another model."
    ),
    Reason(
        "windows_disagree",
        "A model gave different answers about parts of a long document, so none is suggested.",
        "Raise `window` in [[suggest.models]] as far as the model can read.",
    ),
)

REASONS: dict[str, Reason] = {r.code: r for r in _ALL}
