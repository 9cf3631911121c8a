"""Columns and contracts of the tables."""
