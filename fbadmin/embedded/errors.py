class EmbeddedError(Exception):
    """The embedded server can not run. The text says why and what to do."""
