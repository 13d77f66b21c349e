"""engines/livy."""
