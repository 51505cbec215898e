"""One function per verb: a visible list of steps."""
