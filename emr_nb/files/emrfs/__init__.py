"""What EMRFS makes of S3: encryption on the client, identities by role mappings, settings."""
