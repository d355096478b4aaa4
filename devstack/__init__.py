"""An Azure Functions host, Event Hubs, Cosmos DB and Azurite on one machine, without Docker or an account."""
