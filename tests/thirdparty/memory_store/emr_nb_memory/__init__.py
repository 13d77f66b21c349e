"""A file system that somebody else wrote: it knows the protocol of emr_nb alone."""
