import Foundation
import Testing

@testable import WorkerService

@Suite struct IdentityContestTests {
    private let contest: IdentityContest
    private let directory: ScratchDirectory
    private let lost: Date

    init() throws {
        directory = try ScratchDirectory()
        contest = IdentityContest(path: directory.path + "/0.contested")
        lost = Date()
    }

    @Test func `an identity that was never lost is taken up at once`() throws {
        #expect(try contest.truceLeft(at: lost) == 0)
    }

    @Test(arguments: [(0.0, 60.0), (45, 15), (60, 0), (3_600, 0), (-3_600, 60)])
    func `one that was lost is left alone for a minute, by whatever clock`(after: Double, left: Double) throws {
        try contest.lose()
        #expect(try abs(contest.truceLeft(at: lost.addingTimeInterval(after)) - left) < 1)
    }

    @Test func `a mark that cannot be looked at is an error`() throws {
        try contest.lose()
        let nowhere = IdentityContest(path: directory.path + "/0.contested/0.contested")
        #expect(throws: (any Error).self) { try nowhere.truceLeft(at: lost) }
    }

    @Test func `a mark that cannot be written is an error`() throws {
        let nowhere = IdentityContest(path: directory.path + "/missing/0.contested")
        #expect(throws: (any Error).self) { try nowhere.lose() }
    }
}
