"""EVA-DTS audits ("DEX"): read, compared with the one before, reconciled with the ledger. Pure."""
