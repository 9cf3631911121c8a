"""A release sent to where others load it: in one consistent step, with nothing of an older release left beside it."""
