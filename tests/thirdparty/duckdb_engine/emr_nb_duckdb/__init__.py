"""DuckDB as an engine of emr_nb, as anybody could write it: it knows the protocol alone."""
