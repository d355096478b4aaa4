"""``vendctl partitions``: which hub partitions stand still, and the way past what no trigger can bind."""
