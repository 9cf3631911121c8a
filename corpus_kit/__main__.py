"""Where the command starts; `python -m corpus_kit` is `corpus-kit`."""

import sys
from pathlib import Path

from corpus_kit.core.errors import EXIT_INTERRUPTED, STOPPED
from corpus_kit.core.parallel.process import own_process


def main() -> None:
    """Ctrl-C is answered from the first moment, while the rest is still being imported."""
    try:
        with own_process():
            from corpus_kit.cli.main import main as start

            start()
    except KeyboardInterrupt:
        sys.stderr.write(f"{STOPPED}\n")
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[0] != str(Path(__file__).resolve().parents[1]):
        del sys.path[0]  # `python -m` puts the working folder first, which may be a stranger's corpus
    main()
