/// Words that companies and people of the sample are called by.
enum SampleNames {
    static let first = [
        "Aster", "Birk", "Cobalt", "Dorn", "Elm", "Falk", "Granit", "Hagen", "Iris", "Jura", "Kiel", "Linden", "Marsch",
        "Nord", "Oker", "Pfeil", "Quarz", "Rhein", "Sund", "Tanne", "Ufer", "Velbert", "Wald", "Xanten", "Zinn",
        "Amber", "Brook", "Cedar", "Delta", "Ember", "Flint", "Grove", "Harbor", "Indigo", "Juniper", "Keystone",
        "Lark", "Meridian", "Nova", "Onyx",
    ]
    static let second = [
        "Antrieb", "Bau", "Chemie", "Druck", "Elektro", "Form", "Glas", "Holz", "Industrie", "Kabel", "Logistik",
        "Maschinen", "Optik", "Papier", "Pumpen", "Stahl", "Technik", "Textil", "Ventil", "Werkzeug", "Freight",
        "Foods", "Motors", "Supply", "Systems",
    ]
    static let people = [
        "Alex", "Bea", "Chris", "Dana", "Emil", "Fay", "Gus", "Hanna", "Ivo", "Jo", "Kim", "Lea", "Max", "Nina", "Ole",
        "Pia", "Rob", "Sam", "Tom", "Uma",
    ]
    static let families = [
        "Adler", "Brandt", "Conrad", "Dietz", "Engel", "Frey", "Graf", "Horn", "Iven", "Jansen", "Koch", "Lang", "Mohr",
        "Noll", "Otto", "Pohl", "Reis", "Seidel", "Thiel", "Voss",
    ]
    static let goodTitles = ["CEO", "CFO", "CIO", "Head of Operations", "Director of IT", "Vice President Supply"]
    static let otherTitles = ["Buyer", "Project Manager", "Analyst", "Assistant"]
    static let needs = [
        "Replace spreadsheets in planning", "One view of orders and stock", "Audit-ready reports",
        "Connect the plants", "Shorten the monthly close",
    ]
    static let goodIndustries = ["manufacturing", "logistics", "wholesale"]
    static let middlingIndustries = ["retail", "energy", "construction", "software", "services", "finance"]
    static let poorIndustries = ["education", "gastronomy", "sports", "arts"]
    static let goodCountries = ["DE", "AT", "CH", "NL", "BE", "FR", "GB", "IE"]
    static let middlingCountries = ["US", "CA", "JP", "SE", "DK", "FI", "ES", "IT", "PL"]
    static let poorCountries = ["BR", "IN", "ZA", "AU", "MX"]
    static let lostReasons = ["price", "no decision", "competitor", "budget cut"]
    static let salesPeople = ["psn_noah", "psn_mia"]
}
