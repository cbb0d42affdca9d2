"""Double entry: every transaction balances, balances follow from transactions, statements from both."""

ACCOUNTS = {  # rule -> debit and credit accounts
    "accrued": ("expense", "pending"), "eligible": ("pending", "payable"), "reversed_pending": ("pending", "expense"),
    "reversed_payable": ("payable", "expense"), "clawed_back": ("clawback_receivable", "expense"),
    "submitted": ("payable", "in_transit"), "confirmed": ("in_transit", "cash"), "failed": ("in_transit", "payable"),
    "returned": ("cash", "payable"), "repaid": ("cash", "clawback_receivable"),
    "written_off": ("expense", "clawback_receivable")}
NETTED = {"submitted": {("payable", "debit"), ("in_transit", "credit"), ("clawback_receivable", "credit")},
          "failed": {("in_transit", "debit"), ("payable", "credit"), ("clawback_receivable", "debit")}}
OWED = {"pending": 1, "payable": 1, "in_transit": 1, "clawback_receivable": -1}
MOVEMENTS = {"accrued": ("accrued", 1), "reversed_pending": ("reversed", 1), "reversed_payable": ("reversed", 1),
             "clawed_back": ("reversed", 1), "confirmed": ("paid", 1), "returned": ("paid", -1), "repaid": ("repaid", 1),
             "written_off": ("written_off", 1)}


class Ledger:
    def __init__(self, journal):
        self.journal = journal
        self._facts = {}  # worker -> [(sequence, kind, data, place)]
        self._ids = {}
        self._balances = {}  # (partner, currency) -> {account: amount}
        self._movements = {}  # (partner, currency, period) -> {name: amount, "transactions": n}
        self._closing = {}  # (partner, currency) -> closing of the last statement
        self._accrued = {}  # commission -> (amount posted, place)
        self._commissions = {}  # commission -> (amount, place, state)
        self._payouts = {}  # payout -> (net, place)

    def _keep(self, record, kind, data):
        self._facts.setdefault(record.headers["ce_source"], []).append(
            (int(record.headers["tributary-sequence"]), kind, data, record.place))

    def observe(self, record):
        self._keep(record, "posting", record.data)

    def observe_statement(self, record):
        self._keep(record, "statement", record.data["statement"])

    def observe_commission(self, record):
        data = record.data["commission"]
        if data["entry"] == "earning" and data["state"] != "recorded":
            self._commissions[data["commission_id"]] = (data["amount"]["minor"], record.place)

    def observe_payout(self, record):
        self._payouts[record.data["payout"]["payout_id"]] = record.data["payout"]["net"]

    def finish(self):
        for facts in self._facts.values():
            facts.sort(key=lambda fact: fact[0])
            for _, kind, data, place in facts:
                if kind == "posting":
                    self._post(data, place)
                else:
                    self._statement(data, place)
        for name, (amount, place) in sorted(self._commissions.items()):
            posted = self._accrued.get(name, (0, place))
            if posted[0] != amount:
                self.journal.add("ledger", posted[1], f"{name} is {amount} at {place}, accrued were {posted[0]}")
        self.journal.count("ledger transactions", len(self._ids))

    def _post(self, data, place):
        if data["ledger_id"] in self._ids:
            self.journal.add("ledger_twice", place, f"{data['ledger_id']} stands at {self._ids[data['ledger_id']]} already")
        self._ids[data["ledger_id"]] = place
        key = (data["partner_id"], data["currency"])
        balances = self._balances.setdefault(key, dict.fromkeys(OWED, 0))
        rule, sums = data["rule"], {"debit": 0, "credit": 0}
        allowed = NETTED.get(rule, set(zip(ACCOUNTS[rule], ("debit", "credit"))))
        for posting in data["postings"]:
            account, side, amount = posting["account"], posting["side"], posting["amount"]
            sums[side] += amount
            if amount < 0 or (account, side) not in allowed:
                self.journal.add("ledger", place, f"{rule} does not {side} {account} by {amount}")
            if account in OWED:
                balances[account] += amount * (1 if (side == "credit") == (OWED[account] > 0) else -1)
        if sums["debit"] != sums["credit"]:
            self.journal.add("ledger", place, f"{rule}: debits {sums['debit']}, credits {sums['credit']}")
        for account, amount in balances.items():
            if amount < 0:
                self.journal.add("ledger", place, f"{account} of {' '.join(key)} falls to {amount}")
        closing = sum(OWED[account] * amount for account, amount in balances.items())
        if data["balance"] != closing:
            self.journal.add("balance", place, f"{' '.join(key)} is {closing}, the transaction says {data['balance']}")
        self._follow(data, rule, sums, place, key)

    def _follow(self, data, rule, sums, place, key):
        if rule == "accrued":
            before = self._accrued.get(data["commission_id"], (0, place))[0]
            self._accrued[data["commission_id"]] = (before + sums["credit"], place)
        if rule == "confirmed" and sums["credit"] != self._payouts.get(data["payout_id"]):
            self.journal.add(
                "ledger", place, f"{data['payout_id']} is {self._payouts.get(data['payout_id'])}, {sums['credit']} went out")
        movements = self._movements.setdefault((*key, data["period"]), {"transactions": 0})
        movements["transactions"] += 1
        if rule in MOVEMENTS:
            name, sign = MOVEMENTS[rule]
            movements[name] = movements.get(name, 0) + sign * sums["credit"]

    def _statement(self, data, place):
        key, movement = (data["partner_id"], data["currency"]), data["movement"]
        found = self._movements.get((*key, movement["period"]), {"transactions": 0})
        for name in ("accrued", "reversed", "paid", "repaid", "written_off", "transactions"):
            if movement[name] != found.get(name, 0):
                self.journal.add(
                    "statement", place, f"{' '.join(key)} {movement['period']}: {name} {movement[name]}, the ledger has "
                    f"{found.get(name, 0)}")
        if movement["opening"] != self._closing.get(key, 0):
            self.journal.add("statement", place, f"opens with {movement['opening']}, the last one closed {self._closing.get(key, 0)}")
        closing = (movement["opening"] + movement["accrued"] - movement["reversed"] - movement["paid"] + movement["repaid"]
                   + movement["written_off"])
        if closing != sum(sign * data[account] for account, sign in OWED.items()):
            self.journal.add("statement", place, f"moves to {closing}, but its balances make another sum")
        self._closing[key] = closing
        self.journal.count("statements")
