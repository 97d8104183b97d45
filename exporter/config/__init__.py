"""A file → a frozen :class:`Config`, or every problem with its line."""
