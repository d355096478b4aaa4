"""``vendctl machine``: machines that show what they never did."""
