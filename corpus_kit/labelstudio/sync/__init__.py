"""Documents to a server and answers back."""
