"""A file, the environment and secret files → frozen settings, or every problem with its line."""
