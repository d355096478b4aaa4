"""From the outbox of an alert to people."""
