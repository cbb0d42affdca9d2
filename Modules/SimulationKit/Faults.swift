/// How harsh the world of one seed is. Each seed draws which kinds of fault it has and how often, so that some seeds are
/// all crashes and others all rebalances; a few have none.
final class Faults {
    /// Effects of a process at which something may happen to it.
    enum Fate {
        case none
        /// kill -9
        case dies
        /// SIGSTOP, for so many milliseconds.
        case stops(Int64)
    }

    private let scheduler: Scheduler
    /// Off in the second half of a simulation: then everything must become well.
    var isActive = true

    // Of a million effects each:
    private let crash: Int
    private let stop: Int
    private let callFailure: Int
    private let storeFailure: Int
    /// Of a hundred commits each:
    private let lostAnswer: Int
    private let tornTurn: Int
    /// Of a hundred starts of a process each:
    private let powerLoss: Int
    private let lostStore: Int
    private let oldStore: Int
    private let corruptStore: Int
    private let newIdentity: Int
    /// Of a hundred markers.
    private let slowMarker: Int
    /// Of a hundred polls.
    private let repeatedDelivery: Int
    /// Of a hundred effects: others run before it.
    let switching: Int
    /// Copies are added and removed every so many milliseconds; 0: never.
    let rescaling: Int64

    init(_ scheduler: Scheduler, isCalm: Bool) {
        self.scheduler = scheduler
        func rate(_ percent: Int, _ low: Int64, _ high: Int64) -> Int {
            guard !isCalm, scheduler.random.chance(percent: percent) else { return 0 }
            return Int(scheduler.random.between(low, high))
        }
        crash = rate(70, 500, 12_000)
        stop = rate(60, 500, 8_000)
        callFailure = rate(50, 200, 6_000)
        storeFailure = rate(40, 200, 4_000)
        lostAnswer = rate(40, 1, 20)
        tornTurn = rate(15, 3, 20)
        powerLoss = rate(40, 5, 60)
        lostStore = rate(30, 5, 40)
        oldStore = rate(30, 5, 40)
        corruptStore = rate(25, 5, 30)
        newIdentity = rate(25, 5, 40)
        slowMarker = rate(50, 1, 30)
        repeatedDelivery = rate(40, 1, 20)
        switching = 10 + Int(scheduler.random.between(0, 50))
        rescaling = Int64(rate(50, 2_000, 12_000))
    }

    private func happens(_ rate: Int, of whole: Int) -> Bool {
        isActive && rate > 0 && scheduler.random.below(whole) < rate
    }

    func fate() -> Fate {
        if happens(crash, of: 1_000_000) { return .dies }
        if happens(stop, of: 1_000_000) { return .stops(scheduler.random.between(50, 14_000)) }
        return .none
    }

    var callFails: Bool { happens(callFailure, of: 1_000_000) }
    var storeFails: Bool { happens(storeFailure, of: 1_000_000) }
    var answerIsLost: Bool { happens(lostAnswer, of: 100) }
    var turnIsTorn: Bool { happens(tornTurn, of: 100) }
    var losesPower: Bool { happens(powerLoss, of: 100) }
    var losesStore: Bool { happens(lostStore, of: 100) }
    var takesOldStore: Bool { happens(oldStore, of: 100) }
    var corruptsStore: Bool { happens(corruptStore, of: 100) }
    var takesNewIdentity: Bool { happens(newIdentity, of: 100) }
    var deliversAgain: Bool { happens(repeatedDelivery, of: 100) }

    /// Whether turns are torn in this seed: outputs of theirs may then be in the log twice, under one id.
    var tearsTurns: Bool { tornTurn > 0 }

    func markerDelay() -> Int64 {
        happens(slowMarker, of: 100) ? scheduler.random.between(100, 4_000) : scheduler.random.between(0, 15)
    }
}
