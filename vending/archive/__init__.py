"""Every event, byte for byte: appended raw, then compacted to Parquet with manifests."""
