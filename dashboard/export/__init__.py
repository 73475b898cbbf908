"""What a visitor takes home: a link, the page as one file, its numbers."""
