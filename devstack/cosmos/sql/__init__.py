"""The query language: text → tokens → tree → closures over items, and the tree back to text for query plans."""
