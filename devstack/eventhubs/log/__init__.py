"""Append-only segments: one log for each partition."""
