"""What a client accepts. Pure."""

from exporter.metrics.text_format import Format


def exposition_format(accept: str) -> Format:
    """OpenMetrics for a client that likes it better than text, as Prometheus does; text for any other."""
    weights = _weights(accept)
    openmetrics = weights.get("application/openmetrics-text", 0.0)
    text = max((weights.get(name, 0.0) for name in ("text/plain", "text/*", "*/*")), default=0.0)
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= text else Format.TEXT


def accepts_gzip(accept_encoding: str) -> bool:
    weights = _weights(accept_encoding)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weights(header: str) -> dict[str, float]:
    """The best weight of each alternative in a header of the form ``a;q=0.5, b``."""
    weights: dict[str, float] = {}
    for alternative in header.split(","):
        name, *parameters = (part.strip().lower() for part in alternative.split(";"))
        if name:
            weights[name] = max(weights.get(name, 0.0), _weight(parameters))
    return weights


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
