"""The kernel's side of `%emr browse`: listings, previews and changes for the page's browser."""
