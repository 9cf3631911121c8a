"""Where the command starts; `python -m corpus_kit` is `corpus-kit`."""

import sys

from corpus_kit.core.errors import EXIT_INTERRUPTED, STOPPED
from corpus_kit.core.own_process import own_process


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
    main()
