"""A Cosmos DB for NoSQL account on one machine: REST over HTTP, durable in SQLite, strict.

It serves the unmodified Azure SDKs. What it does not know it refuses with a protocol error, never a guess.
Request charges are estimates from published figures (``charge.py``), never the service's own meter.
"""
