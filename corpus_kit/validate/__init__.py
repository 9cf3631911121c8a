"""Checks of made folders: tables, keys across tables, the files of a release."""
