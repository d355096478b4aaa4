"""The business of a vending fleet: what devices say, what machines hold and sold, what people must know."""
