"""Predictions against gold, against each person, and people against each other: F1 with intervals."""
