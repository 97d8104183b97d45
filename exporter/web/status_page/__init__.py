"""The status page: one screen that answers "what is wrong now?"."""
