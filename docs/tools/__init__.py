"""What keeps the documentation true: generated reference pages, and console blocks that are run as they stand."""
