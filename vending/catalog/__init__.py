"""The operator's master data: where machines stand, what they sell, which devices were issued."""
