"""A fleet without trouble, for benchmarks and tests of size."""

from dataclasses import replace

from exporter.demo.scenario import Role, ScenarioInstance, build_instance


def healthy_fleet(count: int, now: float, seed: int = 0) -> tuple[ScenarioInstance, ...]:
    """Return instances to which nothing ever happens, which answer at once and have no collectors."""
    healthy = (build_instance(number, Role.HEALTHY, now, seed) for number in range(count))
    return tuple(
        replace(
            each,
            simulated=replace(each.simulated, delay=0.0),
            configured=replace(each.configured, collect=frozenset()),
        )
        for each in healthy
    )
