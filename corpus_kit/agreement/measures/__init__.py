"""Measures of agreement with their intervals."""
