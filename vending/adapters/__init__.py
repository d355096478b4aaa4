"""The ports on Azure: Cosmos DB, blobs, queues, Event Hubs, webhooks. Nothing here decides anything."""
