"""What is wrong now: rules, their evaluation, and who watches what."""
