"""What a user can mend: a file, a mapping, a folder."""


class ReplayError(Exception):
    """Its text says what is wrong, with which thing, and what to do next."""
