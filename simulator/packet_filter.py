"""A connection whose packets the kernel drops, as a path does that has forgotten it. Linux only."""

import ctypes
import socket
import struct
from typing import Final

_SO_ATTACH_FILTER: Final = 26
"""Of Linux; the socket module has no name for it."""

_KEEP_OPENING_AND_RESET: Final = b"".join(
    struct.pack("HBBI", code, if_true, if_false, value)
    for code, if_true, if_false, value in (
        (0x30, 0, 0, 13),  # load the flags of the TCP header
        (0x45, 0, 1, 0x06),  # if any of SYN and RST is set
        (0x06, 0, 0, 0xFFFF),  # keep the packet
        (0x06, 0, 0, 0),  # else drop it
    )
)
"""A filter. A client that opens a connection from the same port is answered, as by a path that forgot the first one.

Without that, one connect in some hundreds met a forgotten connection that the server still held, and timed out.
"""


def drop_packets(sock: socket.socket) -> None:
    """Have the kernel drop what comes on this connection unseen: it acknowledges nothing and resets nothing.

    That is what a path does that has forgotten it. It needs no privileges.
    """
    instructions = ctypes.create_string_buffer(_KEEP_OPENING_AND_RESET)
    program = struct.pack("HP", len(_KEEP_OPENING_AND_RESET) // 8, ctypes.addressof(instructions))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
