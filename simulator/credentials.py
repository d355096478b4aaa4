"""The publisher that a device's credential opens, by the contract's words: device, machine, highest epoch."""


def publisher(device: str, machine: str, epoch: int) -> str:
    """``1_.device_.machine_.epoch``; a capital is ``_`` and the small letter, ``_`` is ``__``."""
    return "_.".join(["1", _marked(device), _marked(machine), str(epoch)])


def of_fleet(key: str, prefix: str) -> bool:
    """Whether a partition key is that of a device whose id begins so: its id, or its publisher."""
    return key.startswith((prefix, f"1_.{_marked(prefix)}"))


def _marked(name: str) -> str:
    return "".join(f"_{x.lower()}" if x.isupper() or x == "_" else x for x in name)
