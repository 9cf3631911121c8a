"""The order of the steps of a command; each module reads as a straight line."""
