"""The hub's policy whose key signs the devices' tokens: what the setting ``DEVICES`` says."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """One key of a policy of a hub. ``host`` is its address with the port, where there is one."""

    host: str
    hub: str
    policy: str
    key: str = field(repr=False)


def parts(connection: str, hub: str, setting: str = "DEVICES") -> tuple[str, str, str]:
    """Host, policy and key of a connection string. Raises ValueError that names the setting."""
    found = dict(part.partition("=")[::2] for part in connection.split(";") if part)
    host = urlsplit(found.get("Endpoint", "")).netloc
    policy, key = found.get("SharedAccessKeyName", ""), found.get("SharedAccessKey", "")
    if not (host and policy and key):
        raise ValueError(f"{setting} is no connection string: Endpoint, SharedAccessKeyName, SharedAccessKey")
    if found.get("EntityPath", hub) != hub:
        raise ValueError(f"{setting} is of the hub {found['EntityPath']!r}, TELEMETRY_HUB says {hub!r}")
    return host, policy, key


def policy_keys(setting: str, hub: str) -> tuple[PolicyKey, ...]:
    """The keys of one connection string or, with a space between them, two: while a key is renewed, tokens of
    both hold. Raises ValueError, without the key."""
    found = [parts(connection, hub) for connection in setting.split()]
    return tuple(PolicyKey(host, hub, policy, key) for host, policy, key in found)
