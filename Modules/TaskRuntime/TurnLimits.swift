/// How large a turn gets, and how patient the loop is.
package struct TurnLimits: Sendable {
    /// Records of one turn at most.
    package var records = 4_000
    /// Where so many bytes wait no more records are asked for than one.
    package var waitingBytes = 8 << 20
    /// A turn ends after this long even where more is waiting; restores get as long between two turns, at least.
    package var duration = Duration.milliseconds(200)
    /// The same for a turn whose records are late: a transaction costs the broker and the worker nearly the same however few
    /// records it has, so whoever is behind catches up by larger ones. A quarter of the transaction's timeout, where that is
    /// shorter. Beside restores a turn lasts half as long, and they get twice as long as it did.
    package var lateDuration = Duration.seconds(1)
    /// A record is late that has waited for so long in the log, in milliseconds: between its append time, by the log's clock, and
    /// now, by this host's. Where the clocks differ turns get longer or stay short, and nothing else changes.
    package var lateMilliseconds: Int64 = 500
    /// Deadline of a commit, drained deliveries included; the transaction's own timeout, where that is shorter.
    package var commit = Duration.seconds(30)
    /// How long a poll waits for the first record of an idle input.
    package var idlePoll = Duration.milliseconds(250)
    /// How long a restore waits for rows of its changelog where nothing else is to be done.
    package var restoreWait = Duration.milliseconds(100)
    /// The same where other partitions have records to be processed.
    package var restoreWaitBesideTurns = Duration.milliseconds(20)
    /// After a fault that left nothing to be repaired in place.
    package var retryPause = Duration.milliseconds(500)
    /// After a stop that rests on one answer: a broker that is cut off is known to be by then.
    package var confirmationPause = Duration.seconds(10)
    /// A tick for an idle partition is repeated after so long where its timers are still due (the broker's clock may be
    /// behind ours), in milliseconds.
    package var tickIntervalMilliseconds: Int64 = 1_000
    /// How far stores may stay behind the log.
    package var storeLag = StoreLag.standard

    package init() {}
}
