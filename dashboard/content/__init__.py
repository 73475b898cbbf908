"""Which runs the pages show, and the sentences that depend on measurements."""
