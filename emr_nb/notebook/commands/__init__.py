"""The subcommands of `%emr`, one file per group."""
