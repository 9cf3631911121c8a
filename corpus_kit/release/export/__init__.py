"""Other formats, made from a release."""
