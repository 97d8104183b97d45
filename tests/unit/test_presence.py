"""The places that an exporter publishes, read back from the kernel."""

import socket
import uuid

from exporter.healthcheck import find_published, published


def test_places_are_found_while_they_are_published() -> None:
    places = [f"127.0.0.1:{port}/{uuid.uuid4().hex}" for port in (1, 2)]
    with published(places), published(places[:1]):
        assert set(places) <= set(find_published())
    assert not set(places) & set(find_published())


def test_names_that_others_publish_need_be_no_text() -> None:
    with socket.socket(socket.AF_UNIX) as other, published([place := uuid.uuid4().hex]):
        other.bind(b"\0\xff" + place.encode())
        assert place in find_published()


def test_a_place_too_long_for_a_name_is_left_out() -> None:
    with published(["h" * 200]):
        assert not any("hhh" in place for place in find_published())
