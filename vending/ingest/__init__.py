"""From a batch of the hub to stock, ledger pages, conditions and dead letters."""
