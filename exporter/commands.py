"""The commands: check a configuration, poll once, serve."""

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from exporter import __version__
from exporter.config.labels import label_warnings
from exporter.config.load import Source, load, open_source
from exporter.config.problem import InvalidConfig
from exporter.daemon import Daemon
from exporter.discovery.cache import ListCache
from exporter.discovery.merge import with_lists
from exporter.healthcheck import published
from exporter.httpd.bind import CannotBind, bind
from exporter.httpd.security import Security
from exporter.httpd.server import Server
from exporter.metrics.exposition import Format
from exporter.metrics.self_metrics import Telemetry
from exporter.model.clock import Clock, SystemClock
from exporter.model.settings import ACCOUNT_PREFIX, Config, Instance
from exporter.options import Options
from exporter.process import logs
from exporter.process.logs import LOG_GRACE, LineWriter
from exporter.process.main_loop import PeriodicTask, ReloadLoop, run_until_signal
from exporter.process.output import Progress, answer, complain
from exporter.process.resources import start, use_one_arena
from exporter.process.signals import Signals
from exporter.process.supervisor import PartFailed, Supervisor
from exporter.process.systemd import Systemd
from exporter.reloader import AutoReload, Reloader
from exporter.web.probe import Probe
from exporter.web.routes import App, Reload
from exporter.web.status_page.status_page import StatusPage
from exporter.webconfig.file import WebConfigFile
from exporter.webconfig.file import load as load_web_config
from exporter.zapi.client import make_client
from exporter.zapi.proxy import UnusableProxy

OK: Final = 0
FAILED: Final = 1
POLLS_FAILED: Final = 2

_POLLS_GRACE: Final = 2.0
_ANSWERS_GRACE: Final = 0.5
_STUCK_AFTER: Final = 30.0
"""Seconds without progress (for polls, beyond the longest poll) that are tolerated without a watchdog."""

_HEADS: Final = ("NAME", "ID", "SOURCE")
_WIDEST: Final = 60

_log = logging.getLogger(__name__)

T = TypeVar("T")
Guard = Callable[[], Security]
"""Returns the TLS settings, passwords and headers that are valid now."""


def check(options: Options, environ: Mapping[str, str]) -> int:
    """Run ``--config.check``: print every problem of the configuration and of the web configuration."""
    web_file = options.web_config_file
    checked = _valid(lambda: load(options.config_file, environ))
    web = Security() if web_file is None else _valid(lambda: load_web_config(web_file))
    if checked is None or web is None:
        return FAILED
    faults = [problem for source in checked.sources for problem in source.problems]
    if faults:
        complain("\n".join(faults))
        return FAILED
    for warning in checked.warnings:
        complain(f"warning: {warning}")
    for warning in label_warnings((*checked.instances, *checked.accounts)):
        complain(f"{options.config_file}: warning: {warning}")
    counted = _counted(len(checked.instances), "instance")
    if checked.accounts:
        counted += f" and {_counted(len(checked.accounts), 'account')}"
    text = f"{options.config_file}: valid, {counted}\n"
    if web_file is not None:
        text += f"{web_file}: valid\n"
    if not answer(text, "the result of the check"):
        return FAILED
    return _check_accounts(checked, options) if options.accounts else OK


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _check_accounts(checked: Config, options: Options) -> int:
    """Ask for the list of each account, and print what would be polled."""
    clock = SystemClock()
    try:
        client = make_client(checked.api, clock)
    except UnusableProxy as error:
        complain(str(error))
        return FAILED
    whole = with_lists(replace(checked, shard=options.shard), client.list_page, clock.time())
    client.close()
    for source in whole.sources:
        if source.problems:
            account = source.name.removeprefix(ACCOUNT_PREFIX)
            left_out = "; none of its instances is in the table" if whole.instances else ""
            complain(f'the list of the account "{account}" cannot be read: {source.problems[0]}{left_out}')
        if source.skipped:
            complain(
                f"{source.name}: warning: {source.skipped} listed instances have no token and are skipped"
            )
    if whole.instances and not answer(instance_table(whole.instances), "the table of instances"):
        return FAILED
    return FAILED if _has_failed_account(whole) else OK


def instance_table(instances: Iterable[Instance]) -> str:
    """Return instances as lines of text with the name, the id and the source of each, but no secret."""
    rows = [_HEADS, *(tuple(map(logs.printable, (each.name, each.id, each.source))) for each in instances)]
    widths = [min(_WIDEST, max(len(row[column]) for row in rows)) for column in range(2)]
    return "".join(f"{name:{widths[0]}}  {ident:{widths[1]}}  {source}\n" for name, ident, source in rows)


def _has_failed_account(config: Config) -> bool:
    return any(source.problems for source in config.sources if source.name.startswith(ACCOUNT_PREFIX))


def once(options: Options, environ: Mapping[str, str], signals: Signals, log: LineWriter) -> int:
    """Run ``--once``: poll every instance once and print the exposition."""
    signals.unwind()
    clock = SystemClock()
    with open_source(options, environ, clock) as source:
        daemon = _daemon(source, clock, Telemetry(), options, collects_at_once=True)
        if daemon is None:
            return FAILED
        with Progress(sys.stderr, "polled", log.write) as progress:
            logs.set_up(options.log_level, options.log_format, progress.write_above)
            start(daemon.start)
            while not (daemon.is_ready() and daemon.fleet.every_collector_was_asked()):
                if (failed := daemon.poller.failure()) is not None:
                    progress.write_above(f"polling failed: {failed}\n")
                    return FAILED
                views = daemon.fleet.views()
                progress.show(sum(view.polls > 0 for view in views), len(views))
                time.sleep(0.01)
        daemon.stop(0.0)
        log.close(LOG_GRACE)  # the progress is erased before anything else is written to the terminal
        if not answer(daemon.scrapes.render(Format.TEXT, gzip=False).whole(), "the exposition"):
            return FAILED
        is_whole = all(view.up for view in daemon.fleet.views()) and not _has_failed_account(daemon.config)
        return OK if is_whole else POLLS_FAILED


def serve(options: Options, environ: Mapping[str, str], signals: Signals, log: LineWriter) -> int:
    """Poll and answer scrapes until a signal says to stop."""
    use_one_arena()
    clock = SystemClock()
    systemd = Systemd(environ, clock)
    with open_source(options, environ, clock) as source:
        telemetry = Telemetry(lambda: log.dropped)
        daemon, guard = _daemon(source, clock, telemetry, options), _guard(options)
        if daemon is None or guard is None:
            return FAILED
        daemon.telemetry.describe_process()
        try:
            is_only_one = len(options.listen_addresses) == 1
            listeners = [bind(address, is_only_one=is_only_one) for address in options.listen_addresses]
        except CannotBind as error:
            complain(str(error))
            return FAILED
        reload = _told(systemd, Reloader(source.load, daemon, daemon.telemetry), daemon)
        server = Server(_app(daemon, guard, reload, options, clock), listeners, clock=clock, security=guard)
        reloads = ReloadLoop(reload, list(_auto_reload(options, source, reload, clock)), clock)
        start(server.start, reloads.start, daemon.start)  # polls may take every thread there is
        with published([f"{address}{options.route_prefix}" for address in server.addresses]):
            _announce(server, daemon, guard, options)
            systemd.ready(_status(daemon))
            supervisor = _supervisor(server, daemon, reloads, systemd, clock)
            signals.collect()
            try:
                run_until_signal(signals.wait, reloads.request, [supervisor], clock)
            except PartFailed as failure:
                _log.error("the exporter stops: a part of it has failed", extra={"what": str(failure)})
                return FAILED
            signals.end_at_once()
            systemd.stopping()
            reloads.stop()
            daemon.stop(_POLLS_GRACE)
            server.close(_ANSWERS_GRACE)
            _log.info("stopped")
            return OK


def _told(systemd: Systemd, reloader: Reloader, daemon: Daemon) -> Reload:
    """Return a function that reloads and notifies systemd."""

    def reload() -> tuple[str, ...]:
        systemd.reloading()
        problems = reloader.reload()
        refused = "; the last reload was refused, see the log" if problems else ""
        systemd.ready(_status(daemon) + refused)
        return problems

    return reload


def _status(daemon: Daemon) -> str:
    return f"polling {_counted(len(daemon.config.instances), 'instance')}"


def _auto_reload(options: Options, source: Source, reload: Reload, clock: Clock) -> Iterator[PeriodicTask]:
    if options.auto_reload and source.files is not None:
        yield AutoReload(source.files, reload, options.auto_reload_interval, clock)


def _supervisor(
    server: Server, daemon: Daemon, reloads: ReloadLoop, systemd: Systemd, clock: Clock
) -> Supervisor:
    tolerance = systemd.watchdog_interval or _STUCK_AFTER

    def web_failed() -> str | None:
        return "the web server has stopped" if server.has_failed else None

    def web_stalls() -> str | None:
        return "the web server does not respond" if server.unresponsive_for() > tolerance else None

    def polls_stall() -> str | None:
        return "polls make no progress" if daemon.is_stuck(tolerance) else None

    failures = [web_failed, daemon.poller.failure, reloads.failure]
    return Supervisor(failures, [web_stalls, polls_stall], systemd, clock)


def _daemon(
    source: Source, clock: Clock, telemetry: Telemetry, options: Options, *, collects_at_once: bool = False
) -> Daemon | None:
    """Return the daemon, or ``None`` after printing every problem that forbids it."""
    cache = ListCache(options.accounts_cache)
    cache.check()
    try:
        return Daemon(source.load(), clock, telemetry, collects_at_once=collects_at_once, cache=cache)
    except (InvalidConfig, UnusableProxy) as error:
        complain(str(error))
        return None


def _guard(options: Options) -> Guard | None:
    """Return what guards the routes, or ``None`` after printing every problem of the web configuration."""
    file = options.web_config_file
    if file is None:
        return Security
    watched = _valid(lambda: WebConfigFile(file))
    if watched is None:
        return None
    start(watched.start)
    _warn_if_open(watched.current(), file)
    return watched.current


def _warn_if_open(security: Security, file: Path) -> None:
    """Warn about a web configuration that has only headers: its author may believe that the port is protected."""
    if security.tls is None and security.users is None:
        _log.warning("the web configuration requires neither TLS nor passwords", extra={"path": str(file)})


def _valid(load: Callable[[], T]) -> T | None:
    """Return what ``load`` returns, or ``None`` after printing every problem."""
    try:
        return load()
    except InvalidConfig as error:
        complain(str(error))
        return None


def _app(daemon: Daemon, guard: Guard, reload: Reload, options: Options, clock: Clock) -> App:
    page = StatusPage(version=__version__, telemetry_path=options.telemetry_path)
    return App(
        fleet=daemon.fleet,
        scrapes=daemon.scrapes,
        probe=Probe(daemon.fleet, daemon.scrapes, daemon.poller.request_poll, daemon.poller.in_flight_for),
        reload=reload,
        is_ready=daemon.is_ready,
        has_all_lists=daemon.has_all_lists,
        page=lambda request: page.render(daemon.fleet.views(), clock.time(), request, daemon.config.sources),
        telemetry_path=options.telemetry_path,
        scheme=lambda: _scheme(guard),
        external_url=options.external_url,
        route_prefix=options.route_prefix,
    )


def _scheme(guard: Guard) -> str:
    return "http" if guard().tls is None else "https"


def _announce(server: Server, daemon: Daemon, guard: Guard, options: Options) -> None:
    scheme, instances, shard = _scheme(guard), len(daemon.config.instances), options.shard
    shard_fields = {} if shard.total == 1 else {"shard": shard.index, "total_shards": shard.total}
    for address in server.addresses:
        extra = {"address": address, "scheme": scheme, "instances": instances, "version": __version__}
        _log.info("listening", extra=extra | shard_fields)
    if options.demo is not None:
        port = server.addresses[0].rpartition(":")[2]
        url = f"{scheme}://localhost:{port}{options.route_prefix}/"
        answer(f"The demo runs: open {url} (Ctrl+C ends it)\n", "the demo's address")
