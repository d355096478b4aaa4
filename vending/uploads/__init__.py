"""What people and gateways upload: audits of machines."""
