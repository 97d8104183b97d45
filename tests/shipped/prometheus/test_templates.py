"""What a message says, in both languages: rendered by the real amtool."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import pytest

from exporter.model.poll_result import Reason
from tests.shipped.prometheus.tools import ALERTMANAGER, alerts, amtool

TEMPLATES: Final = ALERTMANAGER / "templates"
LANGUAGES: Final = ("en", "pt-BR")
NOON: Final = datetime(2026, 1, 2, 12, 0, tzinfo=timezone.utc)
DOWN: Final = {
    "description": "Last seen connected at 2026-01-02 08:55 -03, disconnected for at least 5m 20s. It is."
}
ENDINGS: Final = {
    "": "is disconnected",
    "back": "is connected again",
    "removed": "was disconnected when it was removed or renamed",
    "unwatched": "was disconnected and is not watched any more",
    "other": "was disconnected; the alert has ended",
}
"""The last words of the summary of an alert of an instance, by how it ended."""

LONGEST: Final = 4000
"""Characters. Telegram takes 4,096."""

pytestmark = pytest.mark.needs("amtool")


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as Alertmanager knows it.

    ``began`` and ``ended`` are minutes after noon, ``ended`` None while it fires.
    """

    labels: Mapping[str, str]
    facts: Mapping[str, str] = field(default_factory=dict)
    began: float = 0.0
    ended: float | None = None

    def document(self) -> dict[str, Any]:
        name = self.labels["alertname"]
        return {
            "status": "firing" if self.ended is None else "resolved",
            "labels": dict(self.labels),
            "annotations": {
                "summary": f"summary of {name}",
                "description": f"Description of {name}.",
                "runbook_url": f"https://example.com/docs/runbooks/{name}.md",
                **self.facts,
            },
            "startsAt": moment(self.began),
            "endsAt": moment(60 if self.ended is None else self.ended),
        }


@dataclass(frozen=True, slots=True)
class Message:
    title: str
    text: str

    @property
    def whole(self) -> str:
        return f"{self.title}\n\n{self.text}"


def moment(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def down(name: str, *, ending: str = "", **others: Any) -> Alert:
    labels = {"alertname": "ZapiInstanceDisconnected", "severity": "critical", "job": "zapi", "name": name}
    return Alert({**labels, "team": "sales"}, {**DOWN, "summary": f"{name} {ENDINGS[ending]}"}, **others)


def of(alertname: str, facts: Mapping[str, str], **labels: str) -> Alert:
    return Alert({"alertname": alertname, "severity": "warning", "job": "zapi", **labels}, facts)


def render(language: str, together: Sequence[Alert], place: Path, form: str = "text") -> Message:
    data = {"alerts": [one.document() for one in together]}
    (place / "data.json").write_text(json.dumps(data))
    outcome = amtool(
        "template",
        "render",
        f"--template.glob={TEMPLATES / f'{language}.tmpl'}",
        f"--template.data={place / 'data.json'}",
        f"--template.type={form}",
        '--template.text={{ template "zapi.title" . }}|{{ template "zapi.text" . }}',
    )
    assert outcome.succeeded, outcome.output
    title, _, text = outcome.output.partition("|")
    assert "\n" not in title
    return Message(title, text.rstrip("\n"))


@pytest.mark.parametrize(
    ("language", "title", "line", "last"),
    [
        (
            "en",
            "[CRITICAL] vendas is disconnected from WhatsApp",
            "- vendas is disconnected from WhatsApp, last seen connected 2026-01-02 08:55 -03, for 5m 20s"
            " (team=sales). It",
            "What to do: https://example.com/docs/runbooks/ZapiInstanceDisconnected.md",
        ),
        (
            "pt-BR",
            "[CRÍTICO] vendas: número desconectado do WhatsApp",
            "- vendas: número desconectado do WhatsApp, visto conectado pela última vez em"
            " 02/01/2026 08:55 -03, há 5m 20s (team=sales). Não",
            "O que fazer: https://example.com/docs/runbooks/pt-BR/ZapiInstanceDisconnected.md",
        ),
    ],
)
def test_a_message_says_what_since_when_how_long_and_what_to_do(
    language: str, title: str, line: str, last: str, tmp_path: Path
) -> None:
    message = render(language, [down("vendas")], tmp_path)

    assert message.title == title
    assert message.text.startswith(line)
    assert message.text.splitlines()[-1] == last


def test_labels_that_the_rules_or_vmalert_add_are_not_among_those_shown(tmp_path: Path) -> None:
    alert = of(
        "ZapiInstanceWebhookMissing",
        {},
        name="vendas",
        webhook="received",
        alertgroup="zapi",
        namespace="n",
        region="sul",
    )

    assert "(region=sul)" in render("en", [alert], tmp_path).text


def test_two_webhooks_of_one_instance_are_told_apart_in_the_title(tmp_path: Path) -> None:
    both = [
        of("ZapiInstanceWebhookMissing", {}, name="vendas", webhook=webhook)
        for webhook in ("disconnected", "received")
    ]

    title = render("en", both, tmp_path).title
    assert title == "[WARNING] vendas (disconnected), vendas (received): a webhook is missing"


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ("3d 0h 0m 0s", "in 3d"),
        ("5d 23h 59m 21s", "in 5d 23h"),
        ("19h 59m 21s", "in 19h 59m"),
        ("20h 0m 0s", "in 20h"),
        ("10m 0s", "in 10m"),
        ("5m 20s", "in 5m 20s"),
        ("20s", "in 20s"),
        ("0s", "now"),
    ],
)
def test_a_duration_is_as_exact_as_people_want(left: str, told: str, tmp_path: Path) -> None:
    description = f"Due at 2026-01-09 00:00 -03, in at least {left}. After that the number stops working."
    alert = of("ZapiInstanceExpiringSoon", {"description": description}, name="vendas")

    assert render("en", [alert], tmp_path).title.endswith(f" {told}")


@pytest.mark.parametrize(
    ("language", "new", "several"),
    [
        (
            "en",
            "[CRITICAL] caixa is disconnected from WhatsApp; 3 in all",
            "a, b, c and 2 more: disconnected from WhatsApp",
        ),
        (
            "pt-BR",
            "[CRÍTICO] caixa: número desconectado do WhatsApp; 3 ao todo",
            "a, b, c e mais 2: números desconectados",
        ),
    ],
)
def test_the_title_says_which_instance_is_new(language: str, new: str, several: str, tmp_path: Path) -> None:
    older = [down("a"), down("b", began=1)]

    assert render(language, [*older, down("caixa", began=9)], tmp_path).title == new
    assert several in render(language, [down(name) for name in "abcde"], tmp_path).title


@pytest.mark.parametrize(
    ("language", "one", "two"),
    [("en", "1 resolved", "2 resolved"), ("pt-BR", "1 resolvido", "2 resolvidos")],
)
def test_what_ended_meanwhile_is_counted_in_the_title(
    language: str, one: str, two: str, tmp_path: Path
) -> None:
    began = down("caixa", began=9.5)
    ended = [down(name, ending="back", ended=10) for name in ("a", "b")]

    assert render(language, [began, ended[0]], tmp_path).title.endswith(f"; {one}")
    assert render(language, [began, *ended], tmp_path).title.endswith(f"; {two}")


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "[RESOLVED] vendas is connected again; 1 still firing"),
        ("pt-BR", "[RESOLVIDO] vendas: número conectado de novo; 1 ainda em alerta"),
    ],
)
def test_an_end_is_the_news_where_nothing_began_lately(language: str, title: str, tmp_path: Path) -> None:
    together = [down("caixa"), down("vendas", ending="back", ended=30)]

    assert render(language, together, tmp_path).title == title


@pytest.mark.parametrize(
    ("language", "ending", "title"),
    [
        ("en", "back", "[RESOLVED] vendas is connected again"),
        ("en", "removed", "[ENDED] vendas was removed or renamed"),
        ("en", "unwatched", "[ENDED] vendas is not watched any more"),
        ("en", "", "[ENDED] The alert ZapiInstanceDisconnected of vendas has ended"),
        ("en", "other", "[ENDED] The alert ZapiInstanceDisconnected of vendas has ended"),
        ("pt-BR", "back", "[RESOLVIDO] vendas: número conectado de novo"),
        ("pt-BR", "removed", "[ENCERRADO] A instância vendas foi removida ou renomeada"),
        ("pt-BR", "unwatched", "[ENCERRADO] A instância vendas não é mais monitorada"),
        ("pt-BR", "", "[ENCERRADO] O alerta ZapiInstanceDisconnected de vendas terminou"),
    ],
)
def test_an_end_is_good_news_only_where_good_was_seen(
    language: str, ending: str, title: str, tmp_path: Path
) -> None:
    message = render(language, [down("vendas", ending=ending, ended=30)], tmp_path)

    assert message.title == title
    assert "QR" not in message.text


@pytest.mark.parametrize(
    ("language", "ending", "title"),
    [
        ("en", "", "[CRITICAL] The phone of vendas is offline and will be unlinked"),
        ("en", "back", "[RESOLVED] The phone of vendas is online again"),
        ("pt-BR", "", "[CRÍTICO] O celular de vendas está sem conexão e será desvinculado"),
        ("pt-BR", "back", "[RESOLVIDO] O celular de vendas está com conexão de novo"),
    ],
)
def test_a_phone_is_told_once_though_its_alert_has_two_severities(
    language: str, ending: str, title: str, tmp_path: Path
) -> None:
    both = [
        Alert(
            {"alertname": "ZapiInstancePhoneOffline", "job": "zapi", "name": "vendas", "severity": severity},
            {
                "summary": f"vendas {ENDINGS[ending]}",
                "description": "Since 2026-01-02 07:00 -03 or longer, for at least 10d 0h 0m 0s, it is.",
            },
            began,
            30.0 if ending else None,
        )
        for severity, began in (("critical", 9.0), ("warning", 0.0))
    ]

    message = render(language, both, tmp_path)

    assert message.title == title
    assert sum("vendas" in line for line in message.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("language", "words", "says"),
    [
        ("en", "its session has to be restored", "Restore its session at Z-API; the phone is not needed."),
        ("en", "its QR code has to be scanned", "Its phone has to scan the QR code again."),
        (
            "pt-BR",
            "its session has to be restored",
            "Restaure a sessão na Z-API; o celular não é necessário.",
        ),
        ("pt-BR", "its QR code has to be scanned", "O celular precisa ler o QR code de novo."),
    ],
)
def test_what_is_known_of_the_session_says_what_to_do(
    language: str, words: str, says: str, tmp_path: Path
) -> None:
    summary = {"summary": f"vendas is; {words}"}
    lost = of("ZapiInstanceSessionLost", summary, name="vendas")
    disconnected = Alert(down("vendas").labels, {**DOWN, **summary})

    for alert in (lost, disconnected):
        assert says in render(language, [alert], tmp_path).text


@pytest.mark.parametrize(
    ("ending", "title"),
    [
        ("back", "[RESOLVED] The instances of account:matriz can be read again"),
        ("removed", "[ENDED] account:matriz was removed from the configuration"),
        ("unwatched", "[ENDED] account:matriz is not watched any more"),
    ],
)
def test_the_end_of_a_failing_source_names_it(ending: str, title: str, tmp_path: Path) -> None:
    alert = of("ZapiInstanceSourceFailing", {"ending": ending, "count": "3"}, source="account:matriz")

    assert render("en", [alert], tmp_path).title == title


@pytest.mark.parametrize(
    ("language", "alert", "ending", "count", "title"),
    [
        ("en", "Team", "back", "0", "[RESOLVED] sales's instances are connected again"),
        ("en", "Team", "other", "1", "[RESOLVED] Most of sales's instances are connected again, 1 not yet"),
        ("en", "Many", "back", "0", "[RESOLVED] Instances of zapi are connected again"),
        ("en", "Many", "back", "2", "[RESOLVED] Most instances of zapi are connected again, 2 not yet"),
        ("pt-BR", "Team", "back", "0", "[RESOLVIDO] Instâncias da equipe sales conectadas de novo"),
        (
            "pt-BR",
            "Team",
            "other",
            "1",
            "[RESOLVIDO] A maioria das instâncias da equipe sales está conectada de novo, 1 ainda não",
        ),
        ("pt-BR", "Many", "back", "0", "[RESOLVIDO] Instâncias de zapi conectadas de novo"),
        (
            "pt-BR",
            "Many",
            "back",
            "2",
            "[RESOLVIDO] A maioria das instâncias de zapi está conectada de novo, 2 ainda não",
        ),
    ],
)
def test_the_end_of_a_mass_event_says_how_many_are_left(
    language: str, alert: str, ending: str, count: str, title: str, tmp_path: Path
) -> None:
    event = of(f"Zapi{alert}InstancesDisconnected", {"ending": ending, "count": count}, team="sales")

    assert render(language, [event], tmp_path).title == title


@pytest.mark.parametrize(
    ("alertname", "ending", "count", "language", "title"),
    [
        ("Many", "removed", "3", "en", "[ENDED] Disconnected instances of zapi were removed"),
        ("Many", "removed", "3", "pt-BR", "[ENCERRADO] Instâncias desconectadas de zapi foram removidas"),
        ("Many", "unwatched", "3", "en", "[ENDED] Instances of zapi are not watched any more"),
        ("Many", "unwatched", "3", "pt-BR", "[ENCERRADO] As instâncias de zapi não são mais monitoradas"),
        ("Team", "removed", "3", "en", "[ENDED] Disconnected instances of sales were removed"),
        (
            "Team",
            "removed",
            "3",
            "pt-BR",
            "[ENCERRADO] Instâncias desconectadas da equipe sales foram removidas",
        ),
        ("Team", "unwatched", "3", "en", "[ENDED] Instances of sales are not watched any more"),
        (
            "Team",
            "unwatched",
            "3",
            "pt-BR",
            "[ENCERRADO] As instâncias da equipe sales não são mais monitoradas",
        ),
        ("Team", "moved", "3", "en", "[ENDED] Instances of sales belong to another team now"),
        (
            *("Team", "moved", "3", "pt-BR"),
            "[ENCERRADO] As instâncias da equipe sales agora são de outra equipe",
        ),
        (
            *("Many", "lasting", "3", "en"),
            "[ENDED] Instances of zapi are still disconnected; each is reported individually now",
        ),
        (
            *("Team", "lasting", "3", "pt-BR"),
            "[ENCERRADO] Há instâncias da equipe sales que continuam desconectadas; agora cada uma tem o seu"
            " próprio alerta",
        ),
    ],
)
def test_a_mass_event_whose_instances_are_gone_is_no_good_news(
    alertname: str, ending: str, count: str, language: str, title: str, tmp_path: Path
) -> None:
    facts = {"ending": ending, "count": count}
    alert = of(
        f"Zapi{alertname}InstancesDisconnected", facts, **({"team": "sales"} if alertname == "Team" else {})
    )

    message = render(language, [alert], tmp_path)

    assert message.title == title
    assert f"- {title.partition('] ')[2]}" in message.text


@pytest.mark.parametrize(
    ("language", "ending", "title"),
    [
        ("en", "unwatched", "[ENDED] Instances of zapi are not watched any more"),
        ("en", "other", "[ENDED] The alert ZapiApiDown of zapi has ended"),
        ("pt-BR", "unwatched", "[ENCERRADO] As instâncias de zapi não são mais monitoradas"),
        ("pt-BR", "other", "[ENCERRADO] O alerta ZapiApiDown de zapi terminou"),
    ],
)
def test_a_jobs_alert_ends_as_good_news_only_if_good_was_seen(
    language: str, ending: str, title: str, tmp_path: Path
) -> None:
    alert = of("ZapiApiDown", {"ending": ending, "count": "3", "of": "4"})

    assert render(language, [alert], tmp_path).title == title


@pytest.mark.parametrize(
    ("language", "began", "ended"),
    [
        (
            "en",
            "[WARNING] a:1, b:1: exporters cannot be scraped",
            "[RESOLVED] a:1, b:1: exporters can be scraped again",
        ),
        (
            "pt-BR",
            "[AVISO] a:1, b:1: exporters fora do ar",
            "[RESOLVIDO] a:1, b:1: os exporters voltaram ao ar",
        ),
    ],
)
def test_the_title_names_several_exporters(language: str, began: str, ended: str, tmp_path: Path) -> None:
    down_now = [of("ZapiExporterDown", {}, instance=instance) for instance in ("a:1", "b:1")]
    back = [Alert(one.labels, {"ending": "back"}, ended=30.0) for one in down_now]

    assert render(language, down_now, tmp_path).title == began
    assert render(language, back, tmp_path).title == ended


@pytest.mark.parametrize(
    ("alertname", "ending", "language", "title"),
    [
        ("ZapiExporterDown", "back", "en", "[RESOLVED] The exporter at a:1 can be scraped again"),
        ("ZapiExporterDown", "back", "pt-BR", "[RESOLVIDO] O exporter em a:1 voltou ao ar"),
        ("ZapiExporterDown", "unwatched", "en", "[ENDED] The exporter at a:1 is not scraped any more"),
        (
            "ZapiExporterDown",
            "unwatched",
            "pt-BR",
            "[ENCERRADO] O Prometheus não coleta mais o exporter em a:1",
        ),
        ("ZapiExporterRestarting", "other", "en", "[ENDED] The exporter at a:1 cannot be scraped now"),
        ("ZapiExporterRestarting", "other", "pt-BR", "[ENCERRADO] O exporter em a:1 agora está fora do ar"),
        ("ZapiExporterTargetLost", "back", "en", "[RESOLVED] zapi has all its exporters again"),
        (
            "ZapiExporterTargetLost",
            "other",
            "en",
            "[ENDED] zapi still has fewer exporters; the alert has ended",
        ),
        ("ZapiExporterTargetLost", "unwatched", "en", "[ENDED] No exporter of zapi is scraped any more"),
        ("ZapiExporterBehind", "other", "en", "[ENDED] The alert ZapiExporterBehind of a:1 has ended"),
        ("ZapiExporterDown", "", "en", "[ENDED] The alert ZapiExporterDown of a:1 has ended"),
    ],
)
def test_an_exporters_alert_ends_as_good_news_only_if_good_was_seen(
    alertname: str, ending: str, language: str, title: str, tmp_path: Path
) -> None:
    own = {} if alertname == "ZapiExporterTargetLost" else {"instance": "a:1"}
    alert = Alert(of(alertname, {}, **own).labels, {"ending": ending}, ended=30.0)

    assert render(language, [alert], tmp_path).title == title


@pytest.mark.parametrize("alertname", [rule.name for rule in alerts()])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_title_of_several_alerts_has_names_and_words(language: str, alertname: str, tmp_path: Path) -> None:
    """Two of one name in two namespaces, or of exporters, jobs and sources in one."""
    own = (
        {"name": "vendas"}
        if alertname.startswith("ZapiInstance") and alertname != "ZapiInstancesVanished"
        else {}
    )
    facts = {"description": "Due, in at least 1d.", "count": "3", "of": "9"}

    title = render(language, [of(alertname, facts, namespace=space, **own) for space in "ab"], tmp_path).title

    assert re.search(r"\] (vendas|zapi) \(a\), (vendas|zapi) \(b\): \w", title)
    assert alertname in {"ZapiExporterMissing", "ZapiThresholdsMissing"} or alertname not in title


@pytest.mark.parametrize("alertname", sorted({rule.name for rule in alerts()}))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_title_of_several_ends_has_words_for_people(language: str, alertname: str, tmp_path: Path) -> None:
    facts = {"ending": "back", "summary": "is back again", "count": "3"}
    one = of(alertname, facts, name="vendas", instance="a:1", collector="queue")
    ended = [Alert({**one.labels, "webhook": webhook}, facts, ended=30.0) for webhook in ("a", "b")]

    title = render(language, ended, tmp_path).title

    assert re.fullmatch(r"\[(RESOLVED|RESOLVIDO)\] vendas \(a\), vendas \(b\): .*\w", title)
    assert not re.search(r"Zapi[A-Z]|alert", title)


@pytest.mark.parametrize(
    ("language", "endings", "words"),
    [
        ("en", ("removed", "removed"), "[ENDED] a, b: removed or renamed"),
        ("en", ("unwatched", "unwatched"), "[ENDED] a, b: not watched any more"),
        ("en", ("other", "other"), "[ENDED] a, b: the alerts have ended"),
        ("en", ("back", "removed"), "[RESOLVED] a, b: the alerts have ended"),
        ("pt-BR", ("removed", "removed"), "[ENCERRADO] a, b: instâncias removidas ou renomeadas"),
        ("pt-BR", ("unwatched", "unwatched"), "[ENCERRADO] a, b: não são mais monitoradas"),
        ("pt-BR", ("other", "other"), "[ENCERRADO] a, b: os alertas terminaram"),
        ("pt-BR", ("back", "removed"), "[RESOLVIDO] a, b: os alertas terminaram"),
    ],
)
def test_a_title_of_several_ends_is_good_news_only_where_all_are(
    language: str, endings: tuple[str, str], words: str, tmp_path: Path
) -> None:
    ended = [down(name, ending=ending, ended=30) for name, ending in zip("ab", endings, strict=True)]

    assert render(language, ended, tmp_path).title == words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ended", [None, 30.0])
def test_nothing_that_slack_takes_for_a_mention_is_left(
    language: str, ended: float | None, tmp_path: Path
) -> None:
    mention = "<!channel>"
    labels = dict.fromkeys(
        ("name", "job", "instance", "source", "team", "status", "region", "namespace"), mention
    )
    facts = {"summary": mention, "names": mention, "teams": mention, "sources": mention, "count": "3"}

    for alertname in ({rule.name for rule in alerts()} | {"Mine"}) - {"ZapiInstanceDisconnected"}:
        one = Alert(of(alertname, {}, **labels).labels, facts, ended=ended)
        other = Alert({**one.labels, "namespace": "b"}, facts, ended=ended)
        for together in ([one], [one, other]):
            assert "<" not in render(language, together, tmp_path).whole


def test_two_namespaces_of_one_job_are_told_apart(tmp_path: Path) -> None:
    together = [
        Alert({**one.labels, "namespace": space}, one.facts, ended=one.ended)
        for space, one in (
            ("a", down("vendas")),
            ("b", down("vendas")),
            ("c", down("vendas", ending="back", ended=0.5)),
        )
    ]

    message = render("en", together, tmp_path)

    assert message.title.startswith("[CRITICAL] vendas (a), vendas (b): disconnected")
    assert "(namespace=a, team=sales)" in message.text
    assert "(namespace=b, team=sales)" in message.text
    assert "- vendas is connected again, after 5m 20s (namespace=c)" in message.text
    assert render("en", [together[0]], tmp_path).title == "[CRITICAL] vendas is disconnected from WhatsApp"
    assert "namespace" not in render("en", [together[0]], tmp_path).text


@pytest.mark.parametrize(("language", "more"), [("en", "and 95 more"), ("pt-BR", "e mais 95")])
def test_of_many_sources_that_cannot_be_read_the_rest_is_counted(
    language: str, more: str, tmp_path: Path
) -> None:
    sources = [f"file:/etc/zapi/{number:03}-{'é' * 90}.yaml" for number in range(100)]
    alert = of("ZapiInstancesVanished", {"count": "240", "of": "400", "sources": ", ".join(sources)})

    message = render(language, [alert], tmp_path)

    assert more in message.text
    assert sources[4][:70] in message.text
    assert sources[5][:40] not in message.text
    assert len(message.whole) < 1500


def test_an_alert_that_tells_its_ending_while_it_fires_has_ended(tmp_path: Path) -> None:
    assert (
        render("en", [down("vendas", ending="back")], tmp_path).title
        == "[RESOLVED] vendas is connected again"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("ended", [None, 30.0])
def test_two_hundred_instances_of_six_labels_fit_and_the_rest_is_counted(
    language: str, ended: float | None, tmp_path: Path
) -> None:
    labels = {f"label_{number}": f"a-rather-long-value-{number}" for number in range(5)}
    names = [f"número-de-teste-{number:03}" for number in range(200)]
    together = [
        Alert({**down(name).labels, **labels}, down(name, ending="back" if ended else "").facts, ended=ended)
        for name in names
    ]

    message = render(language, together, tmp_path)

    shown = sum(f"{name}" in message.text for name in names)
    assert 5 < shown < 200
    assert re.search(rf"\b{200 - shown}\b", message.text)
    assert len(message.whole) < LONGEST


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_names_and_labels_fit_too(language: str, tmp_path: Path) -> None:
    labels = {f"label_{number}": "é" * 500 for number in range(6)}
    together = [
        Alert({**down(f"{number}-{'ç' * 150}").labels, **labels}, DOWN, ended=ended)
        for number in range(100)
        for ended in (None, 30.0)
    ]

    assert len(render(language, together, tmp_path).whole) < LONGEST


ODD: Final = '"R&D" <b>+55 d\'água</b>\n' * 20
"""Longer than a name may be, and twice as long in HTML."""


@pytest.mark.parametrize("alertname", sorted({rule.name for rule in alerts()}))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_fits_with_the_longest_texts(language: str, alertname: str, tmp_path: Path) -> None:
    """As HTML, which Alertmanager cuts off at 4,096 characters for Telegram, perhaps within an entity."""
    labels = dict.fromkeys(("name", "job", "instance", "source", "team", "status", "region"), ODD[:200])
    if alertname == "ZapiInstancesVanished" or not alertname.startswith("ZapiInstance"):
        del labels["name"]
    some = ", ".join([ODD[:200]] * 20)
    told = "Since 2026-01-02 08:55 -03, for at least 1h 0m 0s, it is. Reason: some words (not_found)."
    facts = {
        "description": told,
        "count": "99999",
        "of": "99999",
        "teams": some,
        "names": some,
        "sources": some,
    }
    began = [
        of(alertname, facts, **labels, webhook=str(number), namespace=str(number)) for number in range(40)
    ]
    ended = [
        Alert(one.labels, {**facts, "ending": "back", "summary": "is back again"}, ended=30.0)
        for one in began
    ]

    for together in (began[:1], began[:5], began, ended[:1], ended, began[:2] + ended, began + ended):
        message = render(language, together, tmp_path, "html")
        assert len(message.whole) < LONGEST
        assert f"/{alertname}.md" in message.text.splitlines()[-1]
        assert len(message.text.splitlines()) <= len(together) + 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_that_is_cut_off_ends_in_an_ellipsis(language: str, tmp_path: Path) -> None:
    message = render(language, [down("x" * 200)], tmp_path)

    assert "x" * 80 + "…" in message.title
    assert "x" * 81 not in message.whole


FACTS: Final = {
    "ZapiInstanceExpiringSoon": {"due": "2026-01-09 00:00 -03", "left": "6d 12h"},
    "ZapiInstanceExpired": {"due": "2025-12-30 00:00 -03", "left": "3d 12h"},
    "ZapiInstanceUnpaid": {"since": "2026-01-02 07:00 -03", "lasted": "1h"},
    "ZapiInstancePollsFailing": {"since": "2026-01-02 07:00 -03", "reason": "timeout"},
    "ZapiInstancePhoneOffline": {"since": "2026-01-02 07:00 -03", "lasted": "1d 12h"},
    "ZapiInstanceQueueStuck": {"oldest": "2025-12-30 22:00 -03", "count": "380"},
    "ZapiInstanceQueueFull": {"since": "2026-01-02 07:00 -03", "count": "950"},
    "ZapiInstanceSourceFailing": {"since": "2026-01-02 07:00 -03", "count": "31"},
    "ZapiManyInstancesDisconnected": {
        "count": "150",
        "of": "160",
        "teams": "sales 100, support 50",
        "names": "a, b",
    },
    "ZapiTeamInstancesDisconnected": {"count": "100", "names": "a, b"},
    "ZapiInstancesVanished": {"count": "10", "of": "400", "names": "a, b", "sources": "account:matriz"},
}
TOLD: Final = {
    "ZapiInstanceExpiringSoon": "Due at {due}, in at least {left}. After that it stops.",
    "ZapiInstanceExpired": "Due at {due}, overdue for at least {left}. Z-API stops expired instances.",
    "ZapiInstanceUnpaid": 'Since {since}, for at least {lasted}, it has not been paid. Its status is "late".',
    "ZapiInstancePollsFailing": "Since {since} every poll has failed. Reason: Z-API did not answer ({reason}).",
    "ZapiInstancePhoneOffline": "Since {since} or longer, for at least {lasted}, its phone has been offline.",
    "ZapiInstanceQueueStuck": "It is connected, but messages wait to be sent: {count}, the oldest since {oldest}. A.",
    "ZapiInstanceQueueFull": "Since {since} its queue has been nearly full. Messages wait to be sent: {count}. Z-API.",
}
"""Descriptions of the rules, from which the templates take the facts."""

LABELS: Final = {
    "ZapiInstanceUnpaid": {"status": "overdue"},
    "ZapiTeamInstancesDisconnected": {"team": "sales"},
    "ZapiInstanceSourceFailing": {"source": "account:matriz"},
}


@pytest.mark.parametrize("alertname", FACTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_tell_all_facts(language: str, alertname: str, tmp_path: Path) -> None:
    labels = LABELS.get(alertname, {})
    name = (
        {"name": "vendas"}
        if alertname.startswith("ZapiInstance")
        and alertname not in {"ZapiInstancesVanished", "ZapiInstanceSourceFailing"}
        else {}
    )

    facts = FACTS[alertname]
    annotations = {"description": TOLD[alertname].format(**facts)} if alertname in TOLD else facts

    text = render(language, [of(alertname, annotations, **name, **labels)], tmp_path).text

    for fact in (*FACTS[alertname].values(), *labels.values(), *name.values()):
        wanted = fact if language == "en" else re.sub(r"^(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", fact)
        assert wanted in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alert_without_a_time_of_its_own_says_when_it_began(language: str, tmp_path: Path) -> None:
    text = render(language, [of("ZapiExporterDown", {}, instance="a:1")], tmp_path).text

    assert "12:00 UTC" in text


@pytest.mark.parametrize("reason", list(Reason))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_words(language: str, reason: Reason, tmp_path: Path) -> None:
    description = f"Since 2026-01-02 07:00 -03 every poll has failed. Reason: some words ({reason.value})."
    facts = {"description": description}

    text = render(language, [of("ZapiInstancePollsFailing", facts, name="vendas")], tmp_path).text

    assert re.search(rf"{reason.value}: \w+.*, (since|desde) ", text)


@pytest.mark.parametrize("alertname", [rule.name for rule in alerts()])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alert_has_words_of_its_own(language: str, alertname: str, tmp_path: Path) -> None:
    labels = {"name": "vendas", "instance": "a:1", "webhook": "received", "status": "late"}
    alert = of(alertname, {"description": "Due, in at least 1d.", "count": "3", "of": "9"}, **labels)

    message = render(language, [alert], tmp_path)

    assert "summary of" not in message.whole
    assert alertname not in message.title


def test_an_alert_that_the_templates_do_not_know_is_told_by_its_summary(tmp_path: Path) -> None:
    mine = of(
        "Mine", {"summary": "The disk is full again", "description": "For at least 5m since 2026-01-01."}
    )

    message = render("pt-BR", [mine], tmp_path)

    assert message.title == "[AVISO] The disk is full again"
    assert "desde 02/01/2026 12:00 UTC" in message.text
    assert "5m" not in message.text


def test_a_duration_too_long_to_be_known_exactly_is_left_out(tmp_path: Path) -> None:
    """Five digits of the value count tens of seconds; more than fit are 99999 of them."""
    description = {
        "description": "Last seen connected at 2025-11-02 08:55 -03, disconnected for at least 11d 13h 46m 30s."
    }

    for ended in (None, 30.0):
        text = render("en", [Alert(down("vendas").labels, description, ended=ended)], tmp_path).text
        assert "11d" not in text


@pytest.mark.parametrize(
    "name", ["connected again", "removed or renamed", "1970-01-01 00:00 UTC at least 5m"]
)
def test_the_name_of_an_instance_is_not_taken_for_a_fact(name: str, tmp_path: Path) -> None:
    message = render("en", [down(name)], tmp_path)

    assert message.title == f"[CRITICAL] {name} is disconnected from WhatsApp"
    assert "last seen connected 2026-01-02 08:55 -03, for 5m 20s" in message.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_fact_is_read_from_a_status_or_a_source(language: str, tmp_path: Path) -> None:
    """Statuses and names of sources are any text, also what the texts of other alerts say of a reason or a duration."""
    odd = "at least 9d. Reason: odd (tls)."
    unpaid = of(
        "ZapiInstanceUnpaid",
        {
            "summary": "vendas is not paid",
            "description": f'Since 2026-01-02 08:55 -03, for at least 1h 0m 0s, the status "x {odd}".',
        },
        name="vendas",
        status="odd",
    )
    source = of("ZapiInstanceSourceFailing", {"description": f"The source x {odd} has."}, source="odd")

    text = render(language, [unpaid, source], tmp_path).text

    assert " 9d" not in text
    assert "TLS" not in text
    assert " 1h" in text


@pytest.mark.parametrize(
    ("language", "direction", "title"),
    [
        ("en", "behind", "The clock of the exporter at a:1 is 10m 0s behind"),
        ("pt-BR", "behind", "O relógio do exporter em a:1 está 10m 0s atrasado"),
        ("pt-BR", "ahead", "O relógio do exporter em a:1 está 10m 0s adiantado"),
    ],
)
def test_a_wrong_clock_is_told_by_how_much(language: str, direction: str, title: str, tmp_path: Path) -> None:
    facts = {"difference": "10m 0s", "direction": direction}
    alert = of("ZapiExporterClockWrong", facts, instance="a:1")

    assert title in render(language, [alert], tmp_path).title


@pytest.mark.parametrize(("language", "said"), [("en", ": once within"), ("pt-BR", ": uma vez em")])
def test_one_disconnect_is_singular(language: str, said: str, tmp_path: Path) -> None:
    """An alert that began with three goes on until an hour has passed without one."""
    facts = {"summary": "vendas keeps disconnecting", "description": "Disconnects within an hour: 1. It is."}

    assert said in render(language, [of("ZapiInstanceFlapping", facts, name="vendas")], tmp_path).title


@pytest.mark.parametrize(
    ("language", "alertname", "title"),
    [
        ("en", "ZapiTeamInstancesDisconnected", "1 of sales's instances was disconnected from WhatsApp"),
        (
            "pt-BR",
            "ZapiTeamInstancesDisconnected",
            "1 instância da equipe sales foi desconectada do WhatsApp",
        ),
        ("en", "ZapiApiDown", "Z-API cannot be polled for 1 instance of zapi"),
        ("pt-BR", "ZapiApiDown", "Não é possível consultar 1 instância de zapi na Z-API"),
    ],
)
def test_one_instance_is_singular(language: str, alertname: str, title: str, tmp_path: Path) -> None:
    message = render(language, [of(alertname, {"count": "1"}, team="sales")], tmp_path)

    assert message.title.endswith(f"] {title}")


@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("en", "The subscription of a expires now", "a, b: subscriptions expire now"),
        ("pt-BR", "A assinatura de a vence agora", "a, b: assinaturas vencem agora"),
    ],
)
def test_what_was_told_and_is_past_its_date_expires_now(
    language: str, one: str, several: str, tmp_path: Path
) -> None:
    """It is told until it is renewed, and then again and again."""
    facts = {
        "summary": "It expires soon",
        "description": "Due at 2025-12-30 00:00 -03, in at least 0s. After that it stops.",
    }
    together = [of("ZapiInstanceExpiringSoon", facts, name=name) for name in "ab"]

    assert render(language, together[:1], tmp_path).title.endswith(f"] {one}")
    assert render(language, together, tmp_path).title.endswith(f"] {several}")


@pytest.mark.parametrize(
    ("language", "end"),
    [
        ("en", "- vendas is still not paid; its payment status is not unpaid any more, after 1h"),
        (
            "pt-BR",
            "- A assinatura de vendas continua sem pagamento; o status não é mais unpaid, depois de 1h",
        ),
    ],
)
def test_another_status_that_is_not_paid_is_no_good_news(language: str, end: str, tmp_path: Path) -> None:
    told = TOLD["ZapiInstanceUnpaid"].format(since="2026-01-02 07:00 -03", lasted="1h 0m 0s")
    over = "vendas is still not paid; the alert of this payment status has ended"
    now = of("ZapiInstanceUnpaid", {"description": told}, name="vendas", status="overdue")
    before = of("ZapiInstanceUnpaid", {"description": told, "summary": over}, name="vendas", status="unpaid")

    message = render(language, [now, before], tmp_path)

    assert not re.search("RESOLVED|RESOLVIDO", message.title)
    assert f"{end}\n" in message.text
