"""How a process that a test kills tells its test where it is."""

import os
import sys


def tell(*words: object) -> None:
    """One write a line: a pipe takes it whole or not at all, whichever thread tells and whenever the kill comes."""
    os.write(sys.stdout.fileno(), f"{' '.join(map(str, words))}\n".encode())
