"""Commands: what operators order of machines, fetched by the device in them and closed by its event."""
