"""The whole system on this machine: the local stack, the app on it, a simulated fleet, a screen."""
