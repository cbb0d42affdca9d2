import Hashing

/// Knows what a turn thread is working on, even after the process has trapped over it. A Swift trap cannot be caught: what
/// made the process die twice is set aside unprocessed the third time.
///
/// Used by the turn thread alone.
package protocol TrapWatch: AnyObject {
    /// Called before each piece of work; returns how often an earlier process trapped over it.
    func begin(_ work: TrapWork) -> Int

    /// Nothing is being worked on.
    func end()
}

/// One piece of work, known again after a restart.
package struct TrapWork: Sendable, Hashable {
    package enum Kind: Int64, Sendable {
        case record = 1
        case timer, held
    }

    package var kind: Kind
    package var partition: Int32
    /// The record's offset, or a hash of the row's key.
    package var number: Int64

    package static func record(_ offset: Int64, in partition: Int32) -> TrapWork {
        TrapWork(kind: .record, partition: partition, number: offset)
    }

    package static func row(_ kind: Kind, key: [UInt8], in partition: Int32) -> TrapWork {
        TrapWork(kind: kind, partition: partition, number: Int64(bitPattern: Hashing.first64(of: key)))
    }

    /// So many traps, and the work is not tried again.
    package static let limit = 2

    package init(kind: Kind, partition: Int32, number: Int64) {
        self.kind = kind
        self.partition = partition
        self.number = number
    }
}
