"""The report: one HTML page, from the made tables, that people look at instead of reading tables."""
