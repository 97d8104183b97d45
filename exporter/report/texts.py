"""The words and numbers of the report, in each of its languages."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

UNKNOWN: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Texts:
    """A language: its BCP 47 ``tag``, its decimal point, the months, and words by what they are for."""

    tag: str
    point: str
    months: tuple[str, ...]
    words: Mapping[str, str]

    def percent(self, share: float | None) -> str:
        """Return a share in percent, never rounded up: 99.999 % does not show as 100 %."""
        if share is None:
            return UNKNOWN
        return f"{math.floor(share * 10_000 + 1e-6) / 100:.2f}".replace(".", self.point) + " %"

    def month(self, year: int, number: int) -> str:
        return self.words["month"].format(month=self.months[number - 1], year=year)


def duration(seconds: float | None) -> str:
    """Two units at most, rounded to minutes; the same in all languages."""
    if seconds is None:
        return UNKNOWN
    minutes = round(seconds / 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


ENGLISH: Final = Texts(
    "en",
    ".",
    (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    {
        "month": "{month} {year}",
        "title": "Availability of WhatsApp numbers",
        "running": "The month is not over: up to the last full hour.",
        "availability": "Availability",
        "known": "Time known",
        "disconnects": "Disconnects",
        "longest": "Longest outage",
        "reconnect": "Mean time to reconnect",
        "blind": "Time blind",
        "numbers": "Numbers",
        "number": "Number",
        "all": "All numbers",
        "by": "By {label}",
        "each": "Each number",
        "without": "(without)",
        "days": "Availability by day",
        "legend": "Green: connected. Red: disconnected. Grey: not known. Nothing: not watched.",
        "unknown_title": "What could not be known",
        "recorded": "Prometheus recorded {recorded} of {hours} hours. In the others nothing is known.",
        "whole": "Prometheus recorded every hour.",
        "warned": "Prometheus warned, so that figures may be missing: {warning}",
        "blind_total": "For {duration} of all the numbers' time no good poll told their state.",
        "blind_none": "The state of every number was known all the time.",
        "never": "Nothing was ever known of: {names}.",
        "hours": "Days of this time zone do not begin at full hours of UTC; they are counted from the nearest one.",
        "meaning": "Availability is the time connected, of the time known. An outage begins with the last poll that "
        "saw the number connected and ends with the next one that does; the longest may have begun before the month. A "
        "number that was never connected is out since it is watched. Figures are exact to a minute or to the polling "
        "interval, whichever is longer.",
        "nothing": "Prometheus has no figures of this month.",
        "source": "Days in {zone}. Made by zapi-report {version} at {now}.",
        "more": "and {count} more",
    },
)

PORTUGUESE: Final = Texts(
    "pt-BR",
    ",",
    (
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho"),
        *("julho", "agosto", "setembro", "outubro", "novembro", "dezembro"),
    ),
    {
        "month": "{month} de {year}",
        "title": "Disponibilidade dos números de WhatsApp",
        "running": "O mês ainda não terminou: dados até a última hora completa.",
        "availability": "Disponibilidade",
        "known": "Tempo com dados",
        "disconnects": "Quedas",
        "longest": "Queda mais longa",
        "reconnect": "Tempo médio até reconectar",
        "blind": "Tempo sem dados",
        "numbers": "Números",
        "number": "Número",
        "all": "Todos os números",
        "by": "Por {label}",
        "each": "Por número",
        "without": "(sem)",
        "days": "Disponibilidade por dia",
        "legend": "Verde: conectado. Vermelho: desconectado. Cinza: sem dados. Vazio: não monitorado.",
        "unknown_title": "O que não foi possível saber",
        "recorded": "O Prometheus registrou {recorded} de {hours} horas. Das outras não há dados.",
        "whole": "O Prometheus registrou todas as horas.",
        "warned": "O Prometheus deu um aviso, e podem faltar dados: {warning}",
        "blind_total": "Somado o tempo de todos os números, em {duration} nenhuma consulta informou o estado deles.",
        "blind_none": "O estado de todos os números foi conhecido o tempo todo.",
        "never": "Sem nenhum dado no mês: {names}.",
        "hours": "Os dias deste fuso não começam em horas cheias de UTC; são contados a partir da hora mais próxima.",
        "meaning": "A disponibilidade é o tempo conectado em relação ao tempo com dados. Uma queda começa na última "
        "consulta que viu o número conectado e termina na próxima que o vê conectado; a mais longa pode ter começado "
        "antes do mês. Um número que nunca esteve conectado conta como desconectado desde o início do monitoramento. "
        "Os valores têm a precisão de um minuto ou do intervalo das consultas, o que for maior.",
        "nothing": "O Prometheus não tem dados deste mês.",
        "source": "Dias no fuso {zone}. Gerado pelo zapi-report {version} em {now}.",
        "more": "e mais {count}",
    },
)

LANGUAGES: Final = {texts.tag: texts for texts in (ENGLISH, PORTUGUESE)}
