"""Models that suggest in any layer: spans, answers about a document, answers about a span."""
