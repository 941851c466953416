"""A process that ends what a session started, should its holder die without doing so itself.

The guardian reads orders from its standard input, one JSON object a line. The holder keeps the
other end open; when the holder dies, however it dies, the kernel closes it, and the guardian acts.
"""

from codeblue.guardian.holder import Guardian

__all__ = ["Guardian"]
