"""Read models: what the API and the dashboard show."""
