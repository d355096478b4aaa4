"""``vendctl partitions``: which hub partitions stand still, and the way past what no trigger can bind."""

GROUP = "operators"
"""The consumer group to read with: the functions' receivers exclude all others from theirs."""
AHEAD_EVENTS, AHEAD_MEGABYTES = 100_000, 512
"""How far ahead of a checkpoint is looked for bad messages, unless somebody says how far."""
