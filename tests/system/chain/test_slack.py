"""What Slack takes for a mention or a link, in a name or a label: real Alertmanager, shipped templates."""

from pathlib import Path

import pytest
import yaml

from harness.processes import alertmanager, post
from harness.waiting import wait_until
from stack import shipped
from tests.system.chain.inbox import Inbox, with_data


@pytest.mark.needs("prometheus-alertmanager")
def test_a_name_or_a_label_cannot_mention_a_channel(tmp_path: Path) -> None:
    labels = {
        "alertname": "ZapiInstanceDisconnected",
        "severity": "critical",
        "name": "<!channel> & filial",
        "team": "sales",
        "region": "<@U024BE7LH>",
    }
    with Inbox() as inbox:
        document = yaml.safe_load(shipped.alertmanager_config(tmp_path, inbox.url, 60))
        with alertmanager(tmp_path, with_data(document)) as url:
            post(f"{url}/api/v2/alerts", [{"labels": labels, "annotations": {}}])
            wait_until(lambda: bool(inbox.notices), patience=60)

    message = inbox.notices[0]
    assert "\u2039!channel> & filial" in message.title
    assert "region=\u2039@U024BE7LH>" in message.text
    assert "<" not in message.title + message.text
