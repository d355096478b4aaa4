"""A durable Event Hubs namespace on one machine, for the unmodified official SDKs: AMQP 1.0 over plain TCP.

``wire`` speaks AMQP without doing I/O, ``log`` keeps events, ``hub`` routes and shares them, ``security``
checks tokens, ``broker`` puts addresses to them, ``server`` and ``transport`` move the bytes.
"""
