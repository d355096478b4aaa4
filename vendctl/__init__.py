"""The operator's command line: the same commands against Azure and against the local stack."""
