"""A local Azure Functions host: ``devstack functions APP``.

The app's own code goes through the official worker library (``azure-functions-runtime``: indexing,
decoding, return rules) in child processes; triggers, leases, retries, checkpoints and outputs are this
package's.
"""

DEATHS = 3
"""Ends of workers in half an hour after which a host gives up, unless it is told another number."""
