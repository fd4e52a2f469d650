"""The tables of an archive: Parquet files by day, made from the raw files, and the snapshot that lists them."""
