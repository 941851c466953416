"""An MLLP receiver on a real socket, for tests of what sends to it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from codeblue.mllp import END, START

Answer = Callable[[str], str | None]
"""The acknowledgement of a message; ``None`` hangs up instead."""


def accepted(message: str, code: str = "AA") -> str:
    """An acknowledgement with this MSA-1."""
    control_id = message.split("|")[9]
    return f"MSH|^~\\&|C|D|A|B|20310303080000||ACK|1|T|2.5.1\rMSA|{code}|{control_id}\r"


class Receiver:
    """Keeps what it ``received``, and answers each message by ``answer``."""

    def __init__(self) -> None:
        self.answer: Answer = accepted
        self.received: list[str] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        buffer = b""
        with connection:
            while chunk := connection.recv(65536):
                buffer += chunk
                while END in buffer:
                    frame, buffer = buffer.split(END, 1)
                    self.received.append(frame.lstrip(START).decode())
                    answer = self.answer(self.received[-1])
                    if answer is None:
                        return
                    connection.sendall(START + answer.encode() + END)
