"""A connection that the peer ends within the TLS handshake has one reason, whether it closes or resets."""

import socket
import struct
import threading

import pytest

from exporter.model.clock import SystemClock
from exporter.model.poll_result import Failure, Reason
from exporter.model.settings import Api
from exporter.zapi.client import ZapiClient
from tests.builders import an_instance


@pytest.mark.parametrize("resets", [False, True], ids=["closes", "resets"])
def test_it_is_a_lost_connection(resets: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted:
                accepted.recv(65536)
                if resets:
                    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        server = threading.Thread(target=serve)
        server.start()
        api = Api(f"https://127.0.0.1:{listener.getsockname()[1]}", 10.0, None)
        reading = ZapiClient(api, clock=SystemClock()).read(an_instance("vendas"))
        server.join()
    assert isinstance(reading, Failure)
    assert reading.reason is Reason.CONNECT
