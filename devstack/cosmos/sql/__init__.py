"""The query language: text → tokens → tree → closures over items; and tree → text for query plans."""
