"""The current state of every instance."""
