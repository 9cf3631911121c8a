"""A private Label Studio on this machine."""
