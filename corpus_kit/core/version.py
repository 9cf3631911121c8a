"""The toolkit's version: below everything, so that anything may import it."""

__version__ = "0.1.0"
