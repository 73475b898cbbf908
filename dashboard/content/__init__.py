"""What the pages say and which runs they are about."""
