"""What is stored, as types: :mod:`base` is the one door, the other modules are the shapes."""
