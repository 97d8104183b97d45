"""The page in English."""

from types import MappingProxyType
from typing import Final

from exporter.model.poll_result import Reason
from exporter.web.status_page.problems import Problem
from exporter.web.status_page.query import Show
from exporter.web.status_page.texts import (
    Advice,
    Controls,
    Headlines,
    Numbers,
    Plural,
    SourceTexts,
    Texts,
    Words,
)
from exporter.web.status_page.webhook_states import WebhookState

ENGLISH: Final = Texts(
    tag="en",
    numbers=Numbers(
        thousands=",",
        decimal=".",
        day="%Y-%m-%d",
        moment="%Y-%m-%d %H:%M:%S UTC",
        seconds=Plural("{n} s", "{n} s"),
        minutes=Plural("{n} min", "{n} min"),
        hours=Plural("{n} hour", "{n} hours"),
        days=Plural("{n} day", "{n} days"),
    ),
    headlines=Headlines(
        title="{n} need attention · zapi-exporter",
        trouble=Plural("{n} of {total} needs attention", "{n} of {total} need attention"),
        cause="{n} of {total} cannot be polled for the same reason.",
        good=Plural("The one instance is fine", "All {n} instances are fine"),
        waiting="Waiting for the first polls",
        none="No instance is configured here",
    ),
    words=Words(
        instance="Instance",
        state="State",
        to_do="What is wrong, and what to do",
        due="Due",
        payment="Payment",
        webhooks="Webhooks",
        last_poll="Last poll",
        name_at_zapi="Name at Z-API",
        labels="Labels",
        connected="Connected",
        disconnected="Disconnected",
        cannot_be_polled="Cannot be polled",
        not_polled_yet="Not polled yet",
        last_known="Last known: {state}",
        since="for {duration}",
        since_at_least="for at least {duration}",
        messages_waiting=Plural("{n} message waits to be sent", "{n} messages wait to be sent"),
        disconnects=Plural("{n} disconnect seen", "{n} disconnects seen"),
        ago="{duration} ago",
        ahead="in {duration}",
        took="took {duration}",
        never="Never",
        not_known="Not known",
        paid="Paid",
        unpaid="Unpaid",
        unclassified="Not classified",
        webhooks_set="{n} of {total} set",
        webhooks_wrong=Plural("{n} wrong", "{n} wrong"),
        webhooks_as_expected="As expected",
    ),
    controls=Controls(
        skip="Skip to the instances",
        instances="Instances",
        filters="Show only",
        search="Search",
        search_hint="Name, label, id, reason …",
        search_button="Search",
        clear="Clear the search",
        show_all="Show all instances",
        matching="{first} to {last} of {total}, worst first",
        matching_sorted="{first} to {last} of {total}",
        matching_none="No instance matches.",
        only_with="Only with",
        without="Show those with another {label} too",
        group_by="Group by",
        ungroup="Do not group",
        without_label="Without {label}",
        shown="Shown",
        show_folded="Show these instances",
        pages="Pages",
        page="Page {n} of {total}",
        previous="Previous",
        next="Next",
        updated="As of {moment}",
        pause="Pause refresh",
        resume="Resume refresh",
        paused="Refresh is paused",
        trouble="The exporter does not answer. What you see is old.",
        metrics="Metrics",
        times="All times are UTC.",
        times_local="Times are those of {zone}; point at one for UTC.",
    ),
    sources=SourceTexts(
        from_config="From the configuration",
        from_file="From the file {name}",
        from_account="From the account {name}",
        file_kept="The file {name} has a mistake; its instances are polled as it last was.",
        file_left_out="The file {name} has a mistake and is left out; none of its instances is polled.",
        file_remedy="`zapi-exporter --config.check` lists every mistake with its line.",
        list_never_read="The list of the account {name} cannot be read; none of its instances is polled.",
        list_old="The list of the account {name} was read {when}; the instances of then are polled: {n}. New ones "
        "are missing.",
        list_remedy="Check the partner token and whether Z-API answers; the list is tried again by itself.",
        without_token="The list of the account {name} has instances without a token, which cannot be polled: {n}.",
        token_remedy="Look at these instances in the panel of Z-API, or leave them out with `exclude`.",
    ),
    filters=MappingProxyType(
        {
            Show.ALL: "All",
            Show.PROBLEMS: "Need attention",
            Show.DISCONNECTED: "Disconnected",
            Show.UNREACHABLE: "Cannot be polled",
            Show.EXPIRING: "Due within 7 days",
            Show.UNPAID: "Unpaid",
            Show.WEBHOOKS: "Webhooks wrong",
            Show.CONNECTED: "Connected",
            Show.WAITING: "Not polled yet",
        }
    ),
    webhooks=MappingProxyType(
        {
            WebhookState.AS_EXPECTED: "as expected",
            WebhookState.MISSING: "missing",
            WebhookState.SILENCED: "muted by a filter at Z-API",
            WebhookState.DIFFERENT: "another URL than expected",
            WebhookState.SET: "set",
            WebhookState.MUTED: "set, but muted by a filter at Z-API",
            WebhookState.NOT_SET: "not set",
            WebhookState.UNREADABLE: "unreadable",
        }
    ),
    problems=MappingProxyType(
        {
            Problem.DISCONNECTED: Advice(
                "WhatsApp is disconnected.",
                "Scan the QR code again at Z-API. Check that the phone is on and online.",
            ),
            Problem.SESSION_LOST: Advice(
                "WhatsApp is disconnected; its session can be restored.",
                "Restore the session at Z-API. Nobody has to scan the QR code.",
            ),
            Problem.SESSION_LOST_UNNOTICED: Advice(
                "Z-API shows it as connected, but its session is lost: messages do not leave.",
                "Look at Z-API whether to restore the session or to scan the QR code.",
            ),
            Problem.QUEUE_FULL: Advice(
                "{n} messages wait while it is disconnected.",
                "Connect it again: Z-API refuses further messages from 1,000 on.",
            ),
            Problem.QUEUE_STUCK: Advice(
                "{n} messages wait although it is connected, the oldest came {when}.",
                "Restart the instance at Z-API, and look at its queue there.",
            ),
            Problem.PHONE_OFFLINE: Advice(
                "The phone itself is offline.",
                "Switch it on and give it a network: after 14 days offline WhatsApp unlinks it.",
            ),
            Problem.COLLECTOR_FAILING: Advice(
                "What `collect` asks for is not answered: {collectors}.",
                "The exporter keeps trying. If Z-API does not offer it, take it out of `collect`.",
            ),
            Problem.EXPIRED: Advice(
                "The subscription ended {when}.", "Renew it at Z-API before the instance is deleted."
            ),
            Problem.STOPPED: Advice(
                "The exporter has stopped polling it.",
                "Look at the exporter's log and CPU. Raise `polling.concurrency` if polls are late.",
            ),
            Problem.WEBHOOK_MISSING: Advice(
                "Webhook not set: {webhooks}.", "Set it at Z-API. Until then these events reach nobody."
            ),
            Problem.WEBHOOK_MUTED: Advice(
                "Webhook muted by a filter at Z-API: {webhooks}.",
                "Z-API does not call it, whatever its URL. Remove the filter in the panel or by `PUT /update-filters`.",
            ),
            Problem.WEBHOOK_DIFFERENT: Advice(
                "Webhook with another URL than expected: {webhooks}.",
                "Set the right URL at Z-API, or correct `expected_webhooks` in the configuration.",
            ),
            Problem.UNPAID: Advice(
                "The payment status is {status}.",
                "Pay at Z-API. If this status is as good as paid, add it to `payment.paid_statuses`.",
            ),
            Problem.EXPIRING: Advice("The subscription ends {when}.", "Renew it at Z-API in time."),
        }
    ),
    reasons=MappingProxyType(
        {
            Reason.CONNECT: Advice(
                "Z-API cannot be reached.",
                "Check `api.base_url`, and DNS, firewall and proxy where the exporter runs.",
            ),
            Reason.TLS: Advice(
                "There is no trusted TLS connection to Z-API.",
                "Check `api.ca_file`, the port in `api.base_url`, and any proxy that opens TLS.",
            ),
            Reason.TIMEOUT: Advice(
                "Z-API did not answer in time.",
                "This often passes. If it stays, check the network or raise `api.timeout`.",
            ),
            Reason.UNAUTHORIZED: Advice(
                "Z-API refuses the Client-Token.",
                "Compare `client_token` with the account security token at Z-API.",
            ),
            Reason.NOT_FOUND: Advice(
                "Z-API does not know this instance.",
                "Check `id` and `token`. The instance may have been deleted at Z-API.",
            ),
            Reason.RATE_LIMITED: Advice(
                "Z-API is limiting requests.",
                "The exporter waits and tries again. If it stays, raise `polling.interval`.",
            ),
            Reason.REDIRECTED: Advice(
                "Z-API sends the poll elsewhere.",
                "Check `api.base_url`. A redirect is not followed: it would carry the token along.",
            ),
            Reason.SERVER_ERROR: Advice(
                "Z-API has an error of its own.",
                "The exporter keeps trying. If it stays, ask Z-API's support.",
            ),
            Reason.BAD_STATUS: Advice(
                "Z-API refuses the request.",
                "Check `api.base_url`, and any proxy in between that may answer in its place.",
            ),
            Reason.TOO_LARGE: Advice(
                "The reply is too large to be an instance's.",
                "Check `api.base_url`: something other than Z-API may be answering.",
            ),
            Reason.INVALID_RESPONSE: Advice(
                "The reply makes no sense.",
                "Check `api.base_url` and any proxy in between. Look for an update of the exporter.",
            ),
            Reason.WRONG_INSTANCE: Advice(
                "The reply is about another instance.",
                "Check that `id` and `token` belong together, and that no proxy caches replies.",
            ),
            Reason.SUBSCRIPTION_ENDED: Advice(
                "The subscription of the instance has ended.",
                "Subscribe to it again at Z-API before the instance is deleted.",
            ),
            Reason.IP_NOT_ALLOWED: Advice(
                "Z-API does not allow the address that this exporter polls from.",
                "Add the public address of the exporter to those that the account allows at Z-API.",
            ),
            Reason.FORBIDDEN: Advice(
                "A firewall, content delivery network or proxy refuses the poll, not Z-API itself.",
                "The exporter keeps trying. If it stays, check the network, and what stands in front of Z-API.",
            ),
        }
    ),
    details=MappingProxyType({}),
)
