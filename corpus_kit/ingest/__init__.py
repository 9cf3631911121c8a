"""From raw files to documents: discover, read, decode, identify, check, write."""
