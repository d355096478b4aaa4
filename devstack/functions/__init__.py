"""A local Azure Functions host: ``python -m devstack functions APP_DIR``.

The app's own code goes through the official worker library (``azure-functions-runtime``: indexing,
decoding, return rules) in child processes; triggers, leases, retries, checkpoints and outputs are this
package's.
"""
