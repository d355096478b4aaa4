"""Event Grid for one container: a message in a queue for each blob that is written."""
