"""What is kept of a machine: stock, ledger and conditions, as folds over events. Pure."""
