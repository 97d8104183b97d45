"""How a simulated instance changes with time: a pure function of the seconds since the server started."""

from dataclasses import dataclass

from exporter.demo.fault import Fault


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of an instance's life, ``lasts`` seconds long (> 0).

    ``connected`` is what ``/me`` says meanwhile, ``None`` to leave it as the instance has it; ``fault`` spoils
    every answer of the phase.
    """

    lasts: float
    connected: bool | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Phases that follow each other for ever, beginning ``offset`` seconds into the first."""

    phases: tuple[Phase, ...] = (Phase(lasts=1.0),)
    offset: float = 0.0

    def at(self, elapsed: float) -> Phase:
        """Return the phase ``elapsed`` seconds after the start."""
        if len(self.phases) == 1:
            return self.phases[0]
        left = (elapsed + self.offset) % sum(phase.lasts for phase in self.phases)
        for phase in self.phases:
            left -= phase.lasts
            if left < 0:
                return phase
        return self.phases[-1]
