"""Where the command starts; `python -m corpus_kit` is `corpus-kit`."""

import gc
import sys

from corpus_kit.core.errors import EXIT_INTERRUPTED, STOPPED

# Of new objects; Python's own are 700, 10 and 10. Imports and the listing of a large folder make some hundred thousand
# objects that stay, and going through them over and over for cycles took a tenth of a small rebuild.
_COLLECTED_AFTER = 200_000, 20, 20


def main() -> None:
    """Ctrl-C is answered from the first moment, while the rest is still being imported."""
    gc.set_threshold(*_COLLECTED_AFTER)
    try:
        from corpus_kit.cli.main import main as start

        start()
    except KeyboardInterrupt:
        sys.stderr.write(f"{STOPPED}\n")
        sys.exit(EXIT_INTERRUPTED)
    finally:
        gc.freeze()  # all memory goes back with the process; the interpreter need not look for cycles in it first


if __name__ == "__main__":
    main()
