"""The configurations of a release and the rows of each."""
