"""AMQP 1.0 as pure functions and state machines: bytes in, bytes out, no sockets and no clock."""
