"""How the packaged weights were made. Nothing here is imported when suggestions are made; it needs the `train` extra."""
