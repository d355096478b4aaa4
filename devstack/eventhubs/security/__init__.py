"""Shared access signatures: who may do what."""
