"""The threads that poll.

Not all idle workers wait for a time. One worker waits until the next poll is due and then makes all polls that are
due, one after the other. Another worker starts :data:`_PATIENCE` later, in case a slow reply delays the first one;
then the remaining polls run in parallel. So most polls begin without waking up another thread. Workers are started
when they are first needed.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, Protocol

from exporter.model.clock import Clock
from exporter.model.poll_result import Failure, Reading, Reason
from exporter.model.settings import Instance
from exporter.poller.schedule import Backoff, Plan, Poll, PollQueue
from exporter.process.logs import log_unexpected

_PATIENCE: Final = 0.005
"""Seconds that a due poll waits for the worker that makes other due polls before another worker takes it."""
_RECOVERED_AFTER: Final = 5
"""Intervals without a late poll after which polls count as on time again."""

Read = Callable[[Instance], Reading]
Record = Callable[[Instance, Reading, float], None]
Collect = Callable[[Instance, float], None]
"""Runs the collectors of an instance, until a time in monotonic seconds."""

_log = logging.getLogger(__name__)


class PollObserver(Protocol):
    """Counts polls."""

    def began(self, lateness: float | None) -> None: ...

    def ended(self, reading: Reading, duration: float) -> None:
        """``duration`` is in seconds."""


class Poller:
    """Polls every instance on its schedule, from :meth:`start` on."""

    def __init__(
        self,
        plan: Plan,
        read: Read,
        record: Record,
        *,
        clock: Clock,
        observer: PollObserver,
        backoff: Backoff,
        collect: Collect = lambda instance, next_slot: None,
    ) -> None:
        self._read = read
        self._record = record
        self._collect = collect
        self._clock = clock
        self._observer = observer
        self._lateness_log = LatenessLog()
        self._queue = PollQueue(plan, backoff, clock.monotonic())
        self._lock = threading.Lock()
        self._watchers = threading.Condition(self._lock)
        self._watched: list[float] = []
        self._idle_workers = threading.Condition(self._lock)
        self._idle = 0
        self._workers: list[threading.Thread] = []
        self._busy_since: dict[threading.Thread, float] = {}
        self._last_moved = clock.monotonic()
        self._waiting: dict[str, dict[Future[None], None]] = {}
        self._stopping = False
        self._threads_lack = False
        self._failure: str | None = None

    def start(self) -> None:
        """Begin to poll. Raise :class:`RuntimeError` where the machine has no thread left."""
        with self._lock:
            self._last_moved = now = self._clock.monotonic()
            self._ensure_watched(now)

    def replace(self, plan: Plan, read: Read) -> None:
        """Apply a new plan and a new ``read``; polls in flight finish with the old ones."""
        with self._lock:
            self._read = read
            now = self._expect_work()
            self._queue.replace(plan, now)
            for name in self._waiting.keys() - {instance.name for instance in plan.instances}:
                self._release(name)
            self._ensure_watched(now)

    def request_poll(self, name: str) -> "Future[None] | None":
        """Have an instance polled soon; return a future that is done after the poll. A caller that stops waiting
        cancels it.

        Requests for one instance share one poll. Return ``None`` where there will be none: the last poll is recent
        enough, the instance is backing off after failures, or polling has stopped.
        """
        done: Future[None] = Future()
        with self._lock:
            now = self._expect_work()
            if self._stopping or not self._queue.ask(name, now):
                return None
            waiting = self._waiting.setdefault(name, {})
            waiting[done] = None
            self._ensure_watched(now)
        done.add_done_callback(lambda _: waiting.pop(done))
        return done

    def in_flight_for(self, name: str) -> float:
        """Return the seconds since the poll of an instance began; 0 if none is in flight."""
        with self._lock:
            began = self._queue.in_flight_since(name)
            return 0.0 if began is None else self._clock.monotonic() - began

    def stuck_for(self) -> float:
        """Return the longest time, in seconds, for which a poll in flight or the queue has made no progress.

        A poll in flight counts from its beginning, as it may hang. Return 0 if none is in flight and none is overdue.
        """
        with self._lock:
            now = self._clock.monotonic()
            due = self._queue.next_due(now)
            waiting = 0.0 if due is None else now - max(due, self._last_moved)
            return max(waiting, now - min(self._busy_since.values(), default=now))

    def stop(self, timeout: float) -> None:
        """Begin no more polls; wait at most ``timeout`` seconds for those in flight."""
        deadline = self._clock.monotonic() + timeout
        with self._lock:
            self._stopping = True
            self._watchers.notify_all()
            self._idle_workers.notify_all()
            workers = list(self._workers)
        for worker in workers:
            worker.join(max(0.0, deadline - self._clock.monotonic()))

    def failure(self) -> str | None:
        """Return how a worker thread failed, or ``None``; its instance may not be polled again."""
        return self._failure

    def _work(self) -> None:
        try:
            self._poll_until_stopped()
        except BaseException as error:
            log_unexpected(error)
            self._failure = f"a polling thread was ended by an unexpected {type(error).__name__}"

    def _poll_until_stopped(self) -> None:
        with self._lock:
            poll = self._next_poll()
        while poll is not None:
            reading, ended = self._make(poll)
            if poll.instance.collect and not isinstance(reading, Failure):
                ended = self._ask_collectors(poll, ended)
            with self._lock:
                self._last_moved = ended
                del self._busy_since[threading.current_thread()]
                self._queue.finish(poll, reading, ended)
                self._release(poll.instance.name)
                poll = self._next_poll()

    def _ask_collectors(self, poll: Poll, now: float) -> float:
        """Run the collectors of an instance that answered; return the time when they ended."""
        with self._lock:
            self._busy_since[threading.current_thread()] = now
            self._queue.note_read(poll)
            self._release(poll.instance.name)
        try:
            self._collect(poll.instance, poll.target.slots.after(now))
        except Exception as error:
            log_unexpected(error)
        return self._clock.monotonic()

    def _expect_work(self) -> float:
        """Note the time at which work is added: if nothing was due before, nothing can have been stuck."""
        now = self._clock.monotonic()
        due = self._queue.next_due(now)
        if due is None or due > now:
            self._last_moved = now
        return now

    def _release(self, name: str) -> None:
        """Complete the futures that wait for a poll of this instance. Called with the lock held."""
        for done in list(self._waiting.pop(name, ())):
            if done.set_running_or_notify_cancel():
                done.set_result(None)

    def _next_poll(self) -> Poll | None:
        """Wait for a poll to make; ``None`` when this worker is to end. Called with the lock held."""
        while not self._stopping and len(self._workers) <= self._queue.concurrency:
            now = self._clock.monotonic()
            poll = self._queue.take(now)
            if poll is not None:
                self._last_moved = self._busy_since[threading.current_thread()] = now
                self._lateness_log.see(poll.lateness, self._queue.interval, now)
                self._ensure_watched(now)
                return poll
            self._wait(now)
        self._workers.remove(threading.current_thread())
        self._ensure_watched(self._clock.monotonic())
        return None

    def _wait(self, now: float) -> None:
        moment = self._queue.next_due(now)
        if moment is not None and self._is_watched(moment):
            moment = moment + _PATIENCE if len(self._watched) == 1 else None
        if moment is None:
            self._idle += 1
            self._idle_workers.wait()
            self._idle -= 1
            return
        self._watched.append(moment)
        self._watchers.wait(max(0.0, moment - now))
        self._watched.remove(moment)

    def _is_watched(self, moment: float) -> bool:
        return bool(self._watched) and min(self._watched) <= moment

    def _ensure_watched(self, now: float) -> None:
        """Ensure that a worker will start the next poll in time. Called with the lock held."""
        due = self._queue.next_due(now)
        if self._stopping or due is None or self._is_watched(due + _PATIENCE):
            return
        if self._watched:
            self._watchers.notify()
        elif self._idle:
            self._idle_workers.notify()
        elif len(self._workers) < self._queue.concurrency:
            self._start_worker()

    def _start_worker(self) -> None:
        """Start another worker. If the machine has no thread left, the existing workers go on."""
        worker = threading.Thread(target=self._work, name="poller", daemon=True)
        try:
            worker.start()
        except RuntimeError:
            if not self._workers:
                raise
            self._say_that_threads_lack()
        else:
            self._workers.append(worker)

    def _say_that_threads_lack(self) -> None:
        if not self._threads_lack:
            _log.warning(
                "no more threads can be started; raise the thread limit of this machine, or lower polling.concurrency",
                extra={"workers": len(self._workers), "concurrency": self._queue.concurrency},
            )
        self._threads_lack = True

    def _make(self, poll: Poll) -> tuple[Reading, float]:
        """Poll. An unexpected error must fail only this poll, and must not end the worker."""
        self._observer.began(poll.lateness)
        began = self._clock.monotonic()
        try:
            reading = self._read(poll.instance)
        except Exception as error:
            log_unexpected(error)
            reading = Failure(Reason.INVALID_RESPONSE, "an unexpected error of the exporter itself")
        ended = self._clock.monotonic()
        try:
            self._observer.ended(reading, ended - began)
            self._record(poll.instance, reading, ended - began)
        except Exception as error:
            log_unexpected(error)
        return reading, ended


class LatenessLog:
    """Logs one warning when polls start running late and one line when they recover."""

    def __init__(self) -> None:
        self._last_late: float | None = None

    def see(self, lateness: float | None, interval: float, now: float) -> None:
        """Note that a poll begins ``lateness`` seconds after it was due; ``None`` for a poll without a due time."""
        if lateness is None:
            return
        if lateness > interval / 2:
            if self._last_late is None:
                _log.warning(
                    "polls are late: raise polling.concurrency or polling.interval, or spread instances over shards",
                    extra={"lateness": f"{lateness:.1f}s", "interval": f"{interval:g}s"},
                )
            self._last_late = now
        elif self._last_late is not None and now - self._last_late > _RECOVERED_AFTER * interval:
            _log.info("polls are on time again")
            self._last_late = None
