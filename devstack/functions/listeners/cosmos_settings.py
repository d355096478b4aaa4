"""Settings of the Cosmos DB trigger (defaults of CosmosDBTriggerAttribute)."""

from dataclasses import dataclass

from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.model import Function

_REFUSED = ("startFromTime", "preferredLocations", "leaseConnection", "changeFeedMode")


@dataclass(frozen=True)
class CosmosSettings:
    """One trigger's settings, seconds."""

    connection: str
    database: str
    container: str
    leases: str
    create_leases: bool
    prefix: str
    poll: float
    acquire: float
    renew: float
    expiration: float
    beginning: bool
    page: int | None


def read(function: Function, configuration: Configuration) -> CosmosSettings:
    """Read and check the binding. ``ConfigurationError`` for what this host does not do."""
    trigger = function.trigger
    for name in _REFUSED:
        if trigger.get(name) and str(trigger[name]) != "LatestVersion":
            raise ConfigurationError(
                f"{function.where()}: {name} is not served here; remove it for the local stack"
            )
    connection = configuration.connection(trigger.get("connection"), function.where())
    if "accountendpoint=" not in connection.lower():
        raise ConfigurationError(
            f"{function.where()}: the connection must read AccountEndpoint=…;AccountKey=…;"
        )
    container = function.text("containerName", configuration)
    leases = function.text("leaseContainerName", configuration, "leases")
    if container == leases:
        raise ConfigurationError(
            f"{function.where()}: the monitored container cannot be its own lease container"
        )
    prefix = trigger.get("leaseContainerPrefix") or ""

    def milliseconds(key: str, default: int) -> float:
        return max(0.01, int(trigger.get(key) or default) / 1000)

    database = function.text("databaseName", configuration)
    return CosmosSettings(
        connection, database, container, leases, bool(trigger.get("createLeaseContainerIfNotExists")),
        f"{configuration.resolve(prefix, function.where())}{database}.{container}..",
        milliseconds("feedPollDelay", 5000), milliseconds("leaseAcquireInterval", 13000),
        milliseconds("leaseRenewInterval", 17000), milliseconds("leaseExpirationInterval", 60000),
        bool(trigger.get("startFromBeginning")), int(trigger["maxItemsPerInvocation"])
        if trigger.get("maxItemsPerInvocation") else None,
    )  # fmt: skip
