"""HTTP to one Label Studio server."""
