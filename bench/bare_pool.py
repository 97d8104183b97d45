"""A bare urllib3 pool that fetches the same bytes at the same pace: ``python -m bench.bare_pool BASE CA RATE SECONDS``.

Prints the CPU it took for one fetch, in µs.
"""

import ssl
import sys
import time

import urllib3

from bench.instances import instance_id


def main(base_url: str, ca_file: str, rate: float, seconds: float) -> None:
    """Fetch one instance after the other, each from its own path."""
    pool = urllib3.connection_from_url(base_url, ssl_context=ssl.create_default_context(cafile=ca_file))
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "Client-Token": "CLIENT-TOKEN"}
    paths = [f"/instances/{instance_id(index)}/token/TOKEN{index:027d}/me" for index in range(1000)]
    for path in paths[:20]:
        assert b'"connected"' in pool.request("GET", path, headers=headers).data
    began, cpu, fetches = time.monotonic(), time.process_time(), 0
    while (elapsed := time.monotonic() - began) < seconds:
        time.sleep(max(0.0, fetches / rate - elapsed))
        assert pool.request("GET", paths[fetches % len(paths)], headers=headers).status == 200
        fetches += 1
    print((time.process_time() - cpu) / fetches * 1e6)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
