"""Every SELECT that answers a page, an export or a command; each takes a scope."""


class NotAllowed(Exception):
    """The scope does not reach what was asked for; the message names no patient."""
