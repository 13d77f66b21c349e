"""Other extensions' magics and settings, as their users know them."""
