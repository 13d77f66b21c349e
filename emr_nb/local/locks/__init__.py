"""Lock files: which files of Maven Central make up each part set, with checksum and size."""
