"""The methods of `Corpus`, a group of commands a module. `Corpus` is the way in."""
