"""Sales files through the whole system: rows → device events → hub → functions → ledger, reconciled."""
