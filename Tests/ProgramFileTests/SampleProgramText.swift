/// A programme file with every section in it. The tests change it line by line, so that the one in `Examples/` stays free.
enum SampleProgramText {
    static let text = #"""
        # A partner programme as code: `tributary program check Examples/program.yaml`, then `program publish`.
        # Only what deviates from the defaults has to be written; docs/program.md lists every key. Rates are basis points
        # (2500 = 25 %), amounts are minor units per currency (5000 EUR = 50.00).
        program_id: prg_acme
        version: 1
        name: Acme partner programme
        effective_from: 2024-01-01T00:00:00.000Z   # the first version may lie in the past, a later one never
        currency: EUR                              # tiers and reports are counted in it

        # Which partner type sends qualified buyers, why it would, and what it gets for it.
        hypothesis:
          partner_type: agency
          sends: Mid-size manufacturers that outgrow their spreadsheets and ask their agency what to buy
          why: Agencies lose projects when the client's data is a mess; we make their next project possible
          gets: A share of the first year, implementation work, and a named contact who answers within a day

        # The five operating areas, each with exactly one owner.
        areas:
          - area: partner_fit
            owner: psn_olivia
            definition: Who may join, and who gets attention
          - area: program_promise
            owner: psn_olivia
            definition: What partners are paid and promised, and that it is kept
          - area: lead_rules
            owner: psn_liam
            definition: What a referral must bring, how it is scored and routed, and by when it is reviewed
          - area: attribution
            owner: psn_amara
            definition: Who sourced, assisted or influenced a deal, and how conflicts end
          - area: review_cadence
            owner: psn_amara
            definition: Monthly scorecards, quarterly reviews, one decision each

        partner_types: [referral, agency, reseller]
        product_lines: [platform, analytics, support]

        # What a referral must bring beside the required fields of the event itself.
        intake:
          required_fields: [account.country, intent]
          free_mail_domains: [freemail.example]
          max_backdating_partner_days: 0
          max_backdating_crm_days: 7
          duplicate_days: 180
          resubmission_days: 7
          acceptance_days: 180

        # Fit is who they are, intent is how soon they buy; each 0 to 100, the weighted mean of its criteria.
        # A number matches when from <= number < below.
        scoring:
          fit:
            - name: company_size
              subject: employees
              weight: 4
              points:
                - {below: 20, points: 5}
                - {from: 20, below: 50, points: 40}
                - {from: 50, below: 200, points: 80}
                - {from: 200, below: 2000, points: 100}
                - {from: 2000, points: 60}
            - name: industry
              subject: industry
              weight: 3
              points:
                - {values: [manufacturing, logistics, wholesale], points: 100}
                - {values: [retail, energy, construction], points: 70}
                - {values: [software, services, finance], points: 50}
                - {values: ["*"], points: 20}
            - name: country
              subject: country
              weight: 2
              points:
                - {values: [DE, AT, CH, NL, BE, FR, GB, IE], points: 100}
                - {values: [US, CA, JP, SE, DK, FI, ES, IT, PL], points: 80}
                - {values: ["*"], points: 20}
            - name: revenue
              subject: annual_revenue          # in major units of its currency
              weight: 1
              points:
                - {below: 1000000, points: 10}
                - {from: 1000000, below: 10000000, points: 60}
                - {from: 10000000, points: 100}
          intent:
            - name: stated_intent
              subject: intent
              weight: 4
              points:
                - {values: [urgent], points: 100}
                - {values: [budgeted], points: 90}
                - {values: [evaluating], points: 60}
                - {values: [researching], points: 20}
            - name: budget
              subject: budget                  # first-year value in major units
              weight: 2
              points:
                - {below: 5000, points: 20}
                - {from: 5000, below: 25000, points: 60}
                - {from: 25000, points: 100}
            - name: timeline
              subject: timeline                # days from submission to the expected close
              weight: 2
              points:
                - {below: 90, points: 100}
                - {from: 90, below: 180, points: 70}
                - {from: 180, points: 30}
            - name: role
              subject: contact_title           # matches whole words of the title
              weight: 1
              points:
                - {values: [chief, ceo, cfo, cio, coo, vp, president, founder, owner], points: 100}
                - {values: [head, director], points: 80}
                - {values: ["*"], points: 40}

        routing:
          reject_below_fit: 30        # not_icp, final
          accept_fit: 70
          accept_intent: 50
          accept_tiers: [registered, silver, gold, platinum]

        handoff:
          contact: psn_noah           # who in sales takes over where a review names nobody
          first_contact_business_days: 2

        review:
          hours: 48
          priority_hours: 24
          priority_tiers: [gold, platinum]
          on_overdue: escalate        # or approve: what nobody looks at in time is accepted
          reminder_at_bp: 5000        # a reminder at half time
          reject_reasons:
            [invalid, not_icp, existing_customer, existing_opportunity, insufficient_information, no_intent, territory,
             conflict_of_interest, partner_not_eligible, protected_by_other, already_attributed, other]

        protection:
          days: 90
          days_by_tier: {platinum: 120}
          days_by_type: {reseller: 120}
          reminder_days: 14
          extension_days: 30
          max_extensions: 2
          direct_activity_days: 90
          unregistered_claim_days: 90

        conflict:
          appeal_days: 14

        attribution:
          influence_days: 180
          assisting_kinds: [demo, integration, implementation]

        # The representative's share of the standard commission on the same deal.
        sales_compensation:
          sourced_co_sold_bp: 10000
          sourced_partner_closed_bp: 5000
          sourced_other_bp: 8000
          not_sourced_bp: 10000

        # Ways of selling together that a deal may name; a play may deviate from the shares above.
        plays:
          - play_id: competitive_displacement
            name: Replace a competitor together
            sales_compensation:
              sourced_partner_closed_bp: 7000      # the representative stays in the deal until the old product is gone

        commission:
          hold_days: 30
          fx_max_age_days: 7
          introduction_days: 90

        # What a partner type, or one partner, is paid. A published version never changes: a change is a new version.
        terms:
          - terms_id: trm_referral
            version: 1
            partner_type: referral
            rounding: half_even
            lines:
              - name: sourced_win
                trigger: closed_won
                base: first_year
                stage_rates_bp: {before_contact: 2500, after_first_meeting: 2000, late_stage: 1500, unregistered_claim: 1000}
                range: {from_bp: 1000, to_bp: 2500}
                caps: {EUR: 5000000, USD: 5500000, GBP: 4300000, JPY: 8000000}
                on_win_without_registration_bp: 1000
                credit_fee: true
              - name: introduction_fee
                trigger: qualified_introduction
                flat: {EUR: 50000, USD: 55000, GBP: 43000, JPY: 80000}

          - terms_id: trm_agency
            version: 1
            partner_type: agency
            lines:
              - name: sourced_win
                stage_rates_bp: {before_contact: 2200, after_first_meeting: 1800, late_stage: 1400, unregistered_claim: 1000}
                kinds: [new, expansion]
                minimums: {EUR: 10000, USD: 11000, GBP: 8600, JPY: 16000}
                caps: {EUR: 4000000, USD: 4400000, GBP: 3400000, JPY: 6400000}
              - name: assist
                rate_bp: 200
                classes: [assisted]
                range: {from_bp: 100, to_bp: 500}

          - terms_id: trm_agency             # from the second year on, only for agencies that accepted it
            version: 2
            effective_from: 2025-01-01T00:00:00.000Z
            partner_type: agency
            acceptance_required: true
            lines:
              - name: sourced_win
                stage_rates_bp: {before_contact: 2500, after_first_meeting: 2000, late_stage: 1500, unregistered_claim: 1000}
                kinds: [new, expansion]
                minimums: {EUR: 10000, USD: 11000, GBP: 8600, JPY: 16000}
                caps: {EUR: 4000000, USD: 4400000, GBP: 3400000, JPY: 6400000}
              - name: assist
                rate_bp: 300
                classes: [assisted]
                range: {from_bp: 100, to_bp: 500}

          - terms_id: trm_reseller
            version: 1
            partner_type: reseller
            lines:
              - name: margin
                base: total
                duty_rates: {base_bp: 2000, per_duty_bp: {implementation: 1000, support: 500}}
                range: {from_bp: 2000, to_bp: 4000}
                on_win_without_registration_bp: 2000

          - terms_id: trm_ptr_003            # one partner's own terms: strategic value
            version: 1
            partner_id: ptr_003
            rounding: half_up
            lines:
              - name: sourced_win
                stage_rates_bp: {before_contact: 2500, after_first_meeting: 2500, late_stage: 2000, unregistered_claim: 1500}
                kinds: [new, expansion, renewal]

        payout:
          minimums: {EUR: 5000, USD: 5000, GBP: 5000, JPY: 5000}
          rails: [csv]
          debtor:
            name: Acme GmbH
            account: DE02120300000000202051
          requires_tax_form: true

        # When a commission waits for a person: fraud_review.
        fraud:
          max_open_registrations: 400
          registration_before_close_days: 7
          min_acceptance_rate_bp: 1000
          min_decided_referrals: 20

        partner_end:
          tail_days: 90

        agreement:
          title: Acme partner agreement
          payment_timing: Within 30 days after the hold of 30 days from the close
          exclusivity: None on either side
          intellectual_property: Logos and names as the brand sheet shows them, until termination
          permitted_claims: What the product pages say; no promise of savings
          termination: 30 days' notice; converted registrations are paid for another 90 days
          referral_process: Submit, wait for the review within two business days, join the first call

        """#
}
