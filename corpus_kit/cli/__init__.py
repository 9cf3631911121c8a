"""The command line: thin functions over `Corpus`, one error map, one output sink."""
