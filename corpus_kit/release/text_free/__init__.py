"""A release without its texts, for those who may not redistribute them, and the way to put the texts back."""
