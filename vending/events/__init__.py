"""Event types, and from the bytes of the hub to typed, trusted events. Pure."""
