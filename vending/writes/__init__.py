"""What people and programs change over HTTP, and what they may write into the catalog."""
