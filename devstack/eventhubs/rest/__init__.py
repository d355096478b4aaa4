"""Events sent over HTTP, as the service takes them over HTTPS."""
