"""Commands: what is wrong with tables and installation, and what may run. Each is a method of `Corpus`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.core.errors import UsageError
from corpus_kit.core.storage.folders import read_manifest, settle
from corpus_kit.core.workspace import Workspace

if TYPE_CHECKING:
    from corpus_kit.doctor import Check
    from corpus_kit.pipeline.trust import Confirm, Trust
    from corpus_kit.validate.tables import ValidationReport


class CareCommands(Workspace):
    """See `Corpus`."""

    __slots__ = ()

    def validate(self) -> ValidationReport:
        """Check every made table against its contract, keys and offsets across tables, the files of the release, and the
        examples in the guidelines against gold.

        Findings are returned, never raised. Raises UsageError where nothing has been built.
        """
        from corpus_kit.validate.tables import validate_folder

        settle(self.data)
        if read_manifest(self.data / "documents") is None:
            raise UsageError(f"There are no tables in {self.data}.", "Run `corpus-kit build` first.")
        return validate_folder(self.data, self.contracts_root, self.layers() if self.root else {})

    def trust(
        self, *, server: bool = False, plain_http: bool = False, forget: bool = False, confirm: Confirm | None = None
    ) -> Trust:
        """Allow the code that models in `corpus.toml` run, or the server that gets the key; kept outside the corpus.

        server: the server instead of code. plain_http: its key may go to another machine unencrypted. forget: take the
        trust back. confirm: is shown what would be kept, and says whether to. Raises UsageError, EnvironmentProblemError.
        """
        from corpus_kit.pipeline.trust import trust

        return trust(self, server=server, plain_http=plain_http, forget=forget, confirm=confirm)

    @staticmethod
    def doctor(path: str | Path = ".", *, upgrade: bool = False) -> list[Check]:
        """What is wrong with this installation, machine and the corpus at `path`, each with the command that fixes it.

        upgrade: bring contracts of an older version up to date first; each old file stays as `<table>.yaml.v<N>`.
        """
        from corpus_kit.doctor import examine, upgrade_contracts

        if upgrade:
            upgrade_contracts(path)
        return examine(path)
