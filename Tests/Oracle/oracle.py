"""Reads a whole log and holds it against the rules."""

from attributions import Attributions
from commissions import Commissions
from deals import Deals
from inputs import DeadLetters, Inputs
from journal import Journal
from ledger import Ledger
from notifications import Notifications
from outputs import Outputs
from payouts import Payouts
from placement import INPUTS, WORKERS
from referrals import Referrals
from register import Register


def check(log):
    """Every violation that is in a log, and figures about it."""
    journal = Journal()
    register = Register(journal)
    for record in log.read("program.v1"):
        register.observe_entry(record)
    wall = register.clock == "wall"
    letters = DeadLetters(journal)
    for worker in WORKERS:
        for record in log.read(f"{worker}-worker.dlq.v1"):
            letters.observe(record)
    found = Outputs(journal, wall)
    inputs = Inputs(journal, letters, found, log.partitions, wall)
    referrals = Referrals(journal, register)
    attributions = Attributions(journal)
    deals = Deals(journal, register, found)
    commissions = Commissions(journal, register)
    payouts = Payouts(journal)
    ledger = Ledger(journal)
    notifications = Notifications(journal, wall)
    inputs.sound = [
        referrals.observe, referrals.observe_evaluated, deals.observe, deals.observe_trigger,
        attributions.observe_trigger, commissions.observe_trigger, payouts.observe_input, notifications.observe_input]
    # A submission's id is in what the referral worker sent on, so that topic comes first.
    for topic in ("approval.v1", "referral.v1", "payout.v1", "notification.v1"):
        for record in log.read(topic):
            if "tributary-broadcast" in record.headers:
                register.observe_copy(record)
            inputs.observe(record)
            found.observe(record)
    facts = {
        "referral.changed": [referrals.observe_fact], "attribution.decided": [attributions.observe],
        "commission.changed": [commissions.observe, payouts.observe_commission, ledger.observe_commission],
        "ledger.posted": [ledger.observe], "statement.issued": [ledger.observe_statement],
        "payout.changed": [payouts.observe, ledger.observe_payout], "notification.changed": [notifications.observe],
        "opportunity.changed": [attributions.observe_opportunity],
        "conflict.changed": [attributions.observe_conflict, deals.observe_conflict],
        "record.dead_lettered": [letters.observe_fact], "block.changed": [commissions.observe_block],
        "payout.run_part_changed": [payouts.observe_part]}
    for record in log.read("outcome.v1"):
        found.observe(record)
        for take in facts.get(record.type, ()):
            take(record)
    register.finish(log.partitions)
    for part in (letters, inputs, referrals, deals, attributions, commissions, ledger, payouts, notifications, found):
        part.finish()
    return journal
