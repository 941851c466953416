"""A process that heals the faults of a holder who died or fell silent.

It runs in a session of its own, so neither Ctrl-C nor the end of its parent reaches it, and reads
orders from its standard input, one JSON object a line: watch a fault, strike one off, a beat. Each
is answered, so that a holder knows before it breaks anything that somebody will mend it. When the
orders end, or no beat came for 1.2 s, the guardian heals everything on its list.
"""

from codeblue.faults.guardian.holder import Guardian, GuardianLostError, guardian

__all__ = ["Guardian", "GuardianLostError", "guardian"]
