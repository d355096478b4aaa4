"""What was sold, by day: machine days recomputed from the ledger, and sums above them."""
