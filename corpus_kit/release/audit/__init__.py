"""`verify`: what a stranger can check of a release from its folder alone, without the corpus it was made from."""
