"""The walkthrough's scenes."""
