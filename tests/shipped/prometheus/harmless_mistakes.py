"""Mistakes in rules that change nothing: no unit test of the rules can notice them."""

import re
from typing import Final

_FAILING: Final = "collector:zapi_instance_collector_failing"
_ONLY_CHEAPER: Final = "What this leaves out is added to nothing."
_NEITHER: Final = "Where it is not told any more, it is 0 or not there."
_STAYS_ENDED: Final = "What is 0 stays so."
_ONE_OR_THE_OTHER: Final = "What has ended is added to nothing, in one of the two or the other."
_LOOK_BACK: Final = "It bridges lost scrapes and evaluations, for which a minute more or less is nothing."
_SOURCE: Final = "zapi_exporter_instance_source"

NO_MISTAKE: Final = (
    (
        r"Zapi(Many|Team)InstancesDisconnected",
        r"(> → >=|0\.5 → 0\.\d+) in .*(told\)\) \* 1e5|:count \+ 0\.5)",
        "Counts are whole numbers.",
    ),
    (r"Zapi(Many|Team)InstancesDisconnected", r"10m → \d+s in .*dropped:seconds\[10m\]", _LOOK_BACK),
    (r"ZapiRateLimited", r">= → > in .*listed:count +>=", "Where just that share fails, either may be told."),
    (r"ZapiApiDown", r"5m → \d+s in .*last_poll\[5m\]", _LOOK_BACK),
    (
        r"job:zapi_instance_unreachable:(count|peak)|name:zapi_instance_failing:outage_reason",
        r"(> → >=|10 → 9) in .*(reason|\]\)\) \)) > 10|7 → 8 in .*<= 7\)",
        "There are no reasons between.",
    ),
    (r"job:zapi_instance_unreachable:count", r"== → >= in .*reason == 7", "An outage is amid 6 or 7 only."),
    (
        r"job:zapi_instance_(unreachable|lost):peak",
        r"> → >= in .*:peak\[1h\]\) > job|0 → 1 in .*:peak\[1h\]\) > 0",
        "What is the same may come from either, and a peak is two at least.",
    ),
    (
        r"job:zapi_instance_(unreachable|lost):last_timestamp",
        r"0 → 1 in .*:peak > 0\) or",
        "A peak is two at least.",
    ),
    (
        r"name:zapi_instance_refused:last_poll",
        r"0 → 1 in .*unreachable:peak > 0|>= → > in .*refused:last_poll\[1h\]\) >= name",
        "A peak is two at least, and what is refused was good, or polled first, before.",
    ),
    (
        r"name:zapi_instance_outage:first_timestamp",
        r"> → >= in .*\[1h\]\)\) > name",
        "What was read as connected was not read as disconnected in the same poll.",
    ),
    (
        r"name:zapi_instance_first_failed:timestamp",
        r">= → > in",
        "A poll that failed is not the one that was good.",
    ),
    (
        r"name:zapi_instance_failing:last_success",
        r"<= → < in .*seconds <= time",
        "What is good this very second is recorded by the next evaluation.",
    ),
    (
        r"name:zapi_instance_superseded:timestamp",
        r"== → >= in .*removed:before ==",
        "Nothing can have been removed later than now.",
    ),
    (
        r"name:zapi_instance_failing:seconds",
        r"0 → 1 in|> → >= in",
        "Polls are more than a second apart, and of two times that are the same either will do.",
    ),
    (
        r"job:zapi_exporter_polls_rate_limited:ratio_rate10m",
        r"5m → \d+s in …api_exporter_polls_total\[5m\] offset",
        _LOOK_BACK,
    ),
    (
        r"job:zapi_exporter_polls_rate_limited:ratio_rate10m",
        r"10m → \d+s in …api_exporter_polls_total\[10m\]\)|> → >= in",
        "The rate of polls is the same in nine minutes and in ten, and of no polls there is no share.",
    ),
    (
        r"job:zapi_instance_rate_limited:since",
        r"(< → <=|>= → >) in .*ratio_rate10m (<|>=) ",
        "Where just that share fails, either may be told.",
    ),
    (
        r"job:zapi_instance_removed:before",
        r"(> → >=|0 → 1) in .*seconds\[1h\]\)+ +\) +> 0|0 → 1 in .*:before\[1d\]\) or 0 \*",
        "It is a time, and known from the first exporter that is seen.",
    ),
    (
        r"job_instance:zapi_exporter_clock:ahead_seconds",
        r"> → >= in .*time\(\) >",
        "A difference is never exactly the threshold.",
    ),
    (
        r"name:zapi_instance_(unpaid|payment_unknown|due_unknown):since",
        r"> → >= in .*since\[1h\]\) > 0( \) unless|\) +and)",
        _STAYS_ENDED,
    ),
    (r"job:zapi_instance_(address_not_allowed|forbidden):ending", r"10m → \d+s in", _LOOK_BACK),
    (r"name:zapi_instance_recovered:timestamp", r"10m → \d+s in", _LOOK_BACK),
    (r"name:zapi_instance_relabelled:last_connected", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_values_stale:alert",
        r"0 → 1 in .*failing:reason +or 0",
        "What has no reason is unexplained, which stands before.",
    ),
    (r"name:zapi_instance_recovered:timestamp", r"> → >= in", "A poll is good, or it has failed."),
    (
        r"job:zapi_instance_forbidden:(alert|ending)",
        r"== → >= in .*== 6\)",
        "A reason of those that are refused is 6 at most.",
    ),
    (
        r"Zapi.+",
        r"< → <= in .*:ended \+ 1 <",
        "Polls are more than a second apart.",
    ),
    (
        r"ZapiExporterBehind|job_instance:zapi_exporter_behind:alert",
        r"(<= → <|> → >=) in .*mean10m",
        "A mean of ten minutes is never exactly the threshold.",
    ),
    (
        r"job_instance:zapi_exporter_behind:alert",
        r"10m → \d+s in …lateness_seconds:mean10m\[10m\] offset",
        _LOOK_BACK,
    ),
    (r"zapi:thresholds_missing:alert", r"10m → \d+s in .*since\[10m\] offset 10m\)…$", _LOOK_BACK),
    (r"zapi:thresholds_missing:alert", r"== → <= in", "What is missing anew is so since later."),
    (
        r"zapi:thresholds_missing:since",
        r"0 → 1 in .*polls_total\[1h\]\) > 0",
        "A collector is asked more than once an hour.",
    ),
    (r"zapi:first_file_missing:alert", r"5m → \d+s in", _LOOK_BACK),
    (
        r"zapi:first_file_missing:alert",
        r"== → >= in .*\[5m\] offset",
        "It has been 0 for ten minutes.",
    ),
    (
        r"zapi:first_file_missing:alert",
        r"10m → 540s in .*\[5m\] offset 10m\)",
        "No unit test can evaluate this group later than another.",
    ),
    (
        r"job_instance:zapi_exporter_down:alert",
        r"> → >= in .*_down:since > 0\)",
        _ONE_OR_THE_OTHER,
    ),
    (
        r"job_instance:zapi_exporter_clock_wrong:alert",
        r"0\.1 → 0\.11|(< → <=|0 → 1) in .*< bool 0",
        "Only the first of the digits is read, and a clock that is right is not told.",
    ),
    (
        r"job_instance:zapi_exporter_clock_wrong:since",
        r"> → >= in .*error_seconds\) +> scalar",
        "A difference is never exactly the threshold.",
    ),
    (
        r"job_instance:zapi_exporter_(reload_failed|down):since",
        r"== → >= in .*(successful|up) == 0|0 → 1 in .*0 \* \((zapi_exporter_config|up )",
        "Where it is not 0, the first line says so, and it is 0 itself.",
    ),
    (r"job:zapi_exporter_targets:complete_timestamp", r"0 → 1 in .*\) > 0", "A time is above 1."),
    (
        r"name:zapi_instance_failing:unexplained",
        r"(== → [<>]=) in .*reason == 7|(> → >=|10 → 9) in .*reason > 10",
        "What is less is refused, and there are no reasons between.",
    ),
    (
        r"name:zapi_instance_(polls_failing|values_stale|session_lost|disconnected|phone_offline(_critical)?):alert",
        r"== → >= in .*:told\[1h\]\)\)",
        "What was told cannot have begun later than it did.",
    ),
    (
        r"name:zapi_instance_phone_offline:now",
        r"== → >= in .*phone_online == 0",
        "A phone that is not offline is online.",
    ),
    (r"name:zapi_instance_session_lost:seconds", r"> → >= in", _ONE_OR_THE_OTHER),
    (
        r"name:zapi_instance_session_lost:since",
        r"== → <= in .*connected\"} == 1",
        "A session that is not lost is connected.",
    ),
    (
        r"name:zapi_instance_session_lost:kind",
        r"> → >= in",
        "It is 0 for the evaluation in which its alert ends, and then not there.",
    ),
    (
        r"job:zapi_instance_rate_limited:told",
        r"== → <= in .*:ready == 1",
        "What tells of a limit reads exporters alone, and goes on while other groups pause.",
    ),
    (
        r"name:zapi_instance_(failing:unexplained|disconnected:alert)",
        r"<= → < in .*(last_poll|cess:timestamp) +<=",
        "A poll is hardly so late to the second.",
    ),
    (
        r"job_instance:zapi_exporter_poll_lateness_seconds:mean10m",
        r"10m → 540s in .*_count\[10m\]",
        "The rate of polls is the same in nine minutes and in ten.",
    ),
    (
        r"name:zapi_instance_(phone_offline|phone_offline_critical|session_lost):alert",
        r"> → >= in .*:since > 0\) \+ clamp_max",
        "Where it is 0, there is no duration; vmalert sees that one evaluation later.",
    ),
    (r"ZapiInstanceQueue(Stuck|Full)", r"== → >= in .*:since == 0 unless", _NEITHER),
    (rf"job_{_FAILING}:ending", r"== → <= in .*:state == 1", "A state is 1 at least."),
    (
        rf"job_{_FAILING}:alert",
        r"^job, namespace, collector → .* in .*:timestamp +and on",
        _ONLY_CHEAPER,
    ),
    (rf"name_{_FAILING}:now", r"^job, .*uccess:timestamp and on", _ONLY_CHEAPER),
    (rf"name_{_FAILING}:state", r"^job, .*(collected:now|sted:timestamp) +and on", _ONLY_CHEAPER),
    (rf"name_{_FAILING}:state", r"> → >= in .*since\[1h\]\) > 0", _ONLY_CHEAPER),
    (rf"name_{_FAILING}:state", r"3 → 4 in", "Only whether it is above 2 counts."),
    (rf"name_{_FAILING}:since", r"> → >= in .*since\[1h\]\) > 0\)? and", "What has ended has no state."),
    (rf"name_{_FAILING}:last", r"> → >= in", "A failure that begins anew does not look at the last."),
    (rf"name_{_FAILING}:seconds", r"> → >= in .*:since > 0", "What has ended has no last."),
    (
        r"name:zapi_instance_phone_offline:seconds",
        r"> → >= in .*:since > 0(\) and| *…$)",
        "What has ended has no alert.",
    ),
    (
        r"name:zapi_instance_queue_waiting:since",
        r"(== → (!=|>=)|0 → 1) in .*queue_messages == 0",
        "What waits after an empty queue is younger than that.",
    ),
    (
        r"name:zapi_instance_queue_waiting:since",
        r"> → < in .*since\[1h\]\) > 0 \) and",
        "It is read back over an hour; meanwhile nothing is learned.",
    ),
    (
        r"name:zapi_instance_(queue_waiting|queue_stuck|queue_full|phone_offline|session_lost):since",
        r"> → >= in .*since\[1[hd]\]\) > 0( \) and|\) +and on)",
        _STAYS_ENDED,
    ),
    (
        r"name:zapi_instance_queue_stuck:seconds",
        r"< → <= in|> → >= in .*:since > 0\) <",
        "Where both are the same either is right, and what is 0 is long ago.",
    ),
    (r"name:zapi_instance_queue:messages", r"^job, .*:messages\[1h\]", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_(webhook_|payment_)?noted:(good|last_success)",
        r"^job, namespace, name .*and on",
        _ONLY_CHEAPER,
    ),
    (r"name:zapi_instance_(webhook|payment)_noted:group", r"> → >= in .*since\[1h\]\) > 0", _ONLY_CHEAPER),
    (r"instance_name_id:zapi_instance_two_ids:now", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (r"name:zapi_instance_two_ids:since", r"10m → \d+s in", _LOOK_BACK),
    (
        r"name:zapi_instance_two_ids:since",
        r"^job, namespace, name .*last_success +and on",
        "What is held was counted when it began.",
    ),
    (
        r"name:zapi_instance_disconnects:increase1h",
        r"> → >= in|0 → 1 in .*\[1h\]\) > 0 +and count|(10m|55m) → \d+s in",
        "Both ways to count agree, and what is left is one at least.",
    ),
    (
        r"job:zapi_exporter_seen:timestamp",
        r"(< → <=|2 → 3) in",
        "What was told of it ended an hour before.",
    ),
    (
        r"name:zapi_instance_unpaid:since",
        r"== → <= in .*_paid == 1",
        "What is not paid is unpaid now, which stands before.",
    ),
    (r"name:zapi_instance_due:timestamp", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_due:timestamp",
        r"(< → <=|3600 → \d+) in .*< time\(\) \+ 3600",
        "An hour to spare is more than enough.",
    ),
    (r"name:zapi_instance_until_due:seconds", r"< → <=", "Alerts compare with what is less, or the same."),
    (
        r"name:zapi_instance_not_expired:seconds",
        r"> → >=",
        "What is exactly at it takes no part unless it was told before.",
    ),
    (
        r"name:zapi_instance_expiring_(soon|imminently):alert",
        r"0 → 1 in .* 0 +\) / 100",
        "Less than 100 seconds are none.",
    ),
    (r"name:zapi_instance_renewed:timestamp", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (
        r"name:zapi_instance_renewed:timestamp",
        r"> → >= in .*> time\(\)",
        "A date is seldom this very second.",
    ),
    (
        r"ZapiInstance(ExpiringSoon|ExpiringImminently|Expired)",
        r"(1 → 0|< → <=) in .*:ended \+ 1 <",
        "A date that is another differs by more than a second.",
    ),
    (
        r"name:zapi_instance_(unpaid:due|(payment|due)_unknown:alert)",
        r"> → >= in .*:since > 0\)",
        _ONE_OR_THE_OTHER,
    ),
    (r"name:zapi_instance_unpaid:since", r"0 → 1 in .*0 \* name:zapi_instance_unp", "It is 0 itself."),
    (r"name_status:zapi_instance_unpaid:now", r"== → <= in .*_payment_status == 1", "It is always 1."),
    (r"name_status:zapi_instance_unpaid:now", r"^job, namespace, name .*and on", _ONLY_CHEAPER),
    (
        r"name_status:zapi_instance_unpaid:alert",
        r"0 → 1 in .*0 \* name_status",
        "A text gives minutes, not seconds.",
    ),
    (
        r"name_webhook:zapi_instance_webhook_unexpected:kind",
        r"^job, namespace, name, webhook .*and on",
        _ONLY_CHEAPER,
    ),
    (
        r"name_webhook:zapi_instance_webhook_unexpected:(kind|due)",
        r"> → >= in .*:since > 0",
        "What has ended is not due, or has no kind.",
    ),
    (
        r"name_webhook:zapi_instance_webhook_missing:alert",
        r"== → <= in .*:kind == 1",
        "A kind is 1 at least.",
    ),
    (r"name_webhook:zapi_instance_webhook_other:alert", r"== → >= in .*:kind == 3", "A kind is 3 at most."),
    (
        r"ZapiInstanceWebhook(Missing|Muted|Unexpected)",
        r"== → >= in .*:since == 0 and",
        "Where an exporter finds it as expected, it is 0.",
    ),
    (
        r"ZapiInstanceWebhook(Missing|Muted|Unexpected)",
        r"== → <= in .*_as_expected == 1",
        "Where it is 0, an exporter finds it as expected, or it is not expected.",
    ),
    (
        r"name_webhook:zapi_instance_webhook_unexpected:since",
        r"> → >= in .*since\[1h\]\) > 0 ?\) +(and ignoring|unless)",
        _STAYS_ENDED,
    ),
    (
        rf"job_instance_source:{_SOURCE}_(failing|skipped):timestamp",
        r"(> → >=|0 → 1) in .*\[1h\]\) > 0\)",
        "A time is above 1, and what is 0 stays so.",
    ),
    (
        rf"job_source:{_SOURCE}_(failing|skipped):since",
        r"> → >= in .*since\[1d\]\) > 0 ?\)",
        _STAYS_ENDED,
    ),
    (rf"job_source:{_SOURCE}_(failing|skipped):since", r"0 → 1 in .*:timestamp > 0\)", "A time is above 1."),
    (rf"job_source:{_SOURCE}_failing:seconds", r"> → >= in .*:since > 0", "What has ended has no instances."),
    (rf"job_source:{_SOURCE}:instances", r"> → >= in .*:since > 0", "What has ended has no seconds."),
    (
        rf"job_source:{_SOURCE}_skipped:(instances|alert)",
        r"> → >= in .*:since > 0",
        _ONE_OR_THE_OTHER,
    ),
)
"""Mutants that behave as the rule does: patterns of the rule's name and of the mistake, and why."""


def is_harmless(rule: str, mistake: str) -> bool:
    """Return whether such a mistake in the rule of this name behaves as the rule does."""
    return any(re.fullmatch(name, rule) and re.search(pattern, mistake) for name, pattern, _ in NO_MISTAKE)
