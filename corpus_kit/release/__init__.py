"""The release: the folder ML teams load with one line of `datasets`, and what describes it."""
