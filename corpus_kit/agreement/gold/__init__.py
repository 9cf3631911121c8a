"""Adjudication: from everyone's answers to one, by a named policy."""
