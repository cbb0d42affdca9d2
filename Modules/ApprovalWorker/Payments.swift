import Contracts
import Domain
import TaskRuntime

extension AccountFile {
    func trigger(_ credit: Credit, _ attribution: Attribution, _ deal: Opportunity) throws {}
    func triggerIntroduction(_ earned: IntroductionRule.Earned, _ deal: Opportunity) throws {}
    func sendReversals(of attribution: Attribution, _ deal: Opportunity) throws {}
    func placeDispute(_ conflict: Conflict) throws {}
    func releaseDispute(_ conflict: Conflict) throws {}
}

func sendActivity(of partner: PartnerID, _ row: ActivityRow, in turn: TurnContext) {}
