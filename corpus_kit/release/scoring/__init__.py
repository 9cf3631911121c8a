"""Reading a release and a file of predictions for `evaluate`. Only the files of the release are needed, no corpus."""
