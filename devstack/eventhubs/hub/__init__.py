"""Hubs, partitions, consumer groups: what the namespace holds and who may read it."""
