"""The order of steps, over ports. No Azure here, so no lock-in: another cloud is another set of adapters."""
