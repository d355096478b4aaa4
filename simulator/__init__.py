"""A simulated vending fleet that speaks to an Event Hub as real devices do, and knows the truth."""
