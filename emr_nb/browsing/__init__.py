"""What a file browser shows and does: listings, previews, code, planned changes."""
