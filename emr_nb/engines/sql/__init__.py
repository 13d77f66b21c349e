"""What every SQL engine shares: splitting, parameters, names. Pure: nothing here uses a network."""
