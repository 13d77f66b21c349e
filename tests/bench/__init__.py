"""The bench: us against sparkmagic 0.23 on the same running Livy, in the same run."""
