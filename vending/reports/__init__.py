"""What an operator's supervisor reads in the morning, by mail."""
