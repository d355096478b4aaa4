"""What can be said to ``vendctl``: the words, and nothing that is slow to import."""
