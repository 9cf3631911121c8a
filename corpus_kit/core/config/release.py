"""`[release]`, and the licences that a release may name."""

from __future__ import annotations

from pydantic import Field

from corpus_kit.core.config.base import Names, Section


class ReleaseSettings(Section):
    """What the release carries."""

    repo: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)?$",
        description="`owner/name` on the Hub; the card's lines load from there. `publish hub` writes it",
    )
    doi: str = Field(
        default="",
        pattern=r"^(10\.\d{4,9}/\S+)?$",
        description="DOI of this version, on the card and in `CITATION.cff`. `publish zenodo` writes it",
    )
    gated: bool = Field(
        default=False,
        description="on the Hub readers apply and you approve them; the card asks them who they are. `publish hub --gated` "
        "writes it",
    )
    meta: Names = Field(default=(), description="keys of `meta` that are published; all others stay at home")


# Licence ids the Hub accepts for datasets (its documentation's list, the ones that occur for text corpora).
LICENCES = frozenset(
    "apache-2.0 mit openrail bigscience-openrail-m gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 agpl-3.0 afl-3.0 "
    "artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 "
    "cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 "
    "cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 "
    "cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 gfdl isc "
    "lppl-1.3c ms-pl mpl-2.0 odc-by odbl osl-3.0 pddl ncsa unlicense zlib unknown other".split()
)
