# The two commands to start with: `make demo` and `make test`. Both set up what is missing and share one build.

SHELL := /bin/bash

# One configuration for tests and product, so that everything is compiled once.
FLAGS := --configuration release -Xswiftc -enable-testing -Xswiftc -warnings-as-errors
SOURCES := $(wildcard Package.swift Modules Services Tests Benchmarks)
ARGS ?=

# The simulation's own build has the known bugs in it, each behind a switch; the product's has none of them.
BROKEN := --scratch-path .build/simulation --configuration release -Xswiftc -DSIMULATION
BUGS := Tests/Simulate/found-bugs.tsv

# Who skips a suite appends a line to this file, which its recipe begins with `note_skipped` and ends with `tell_skipped`. Its
# variable does not begin as the product's own, of which an unknown one is an error.
SKIPPED := .build/skipped
test prove: export SKIPPED_SUITES := $(CURDIR)/$(SKIPPED)
note_skipped = @mkdir -p .build && : >$(SKIPPED)
tell_skipped = @if [[ -s $(SKIPPED) ]]; then sort --unique $(SKIPPED) | sed 's/^/skipped: /'; else echo 'every suite $(if $(ARGS),asked for )ran'; fi
# A command that ends with 77 where it finds nothing to work with.
may_skip = $(1) || { [[ $$? == 77 ]] && echo '$(1) (its reason is above)' >>$(SKIPPED); }

.PHONY: help demo test simulate prove build bench bench-quick bench-instructions format lint check setup clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 25

demo: setup ## the whole revenue loop on sample data; ARGS="--crm DIR" for a real export
	swift build $(FLAGS) --product tributary
	.build/release/tributary demo $(ARGS)

test: setup ## all tests, a minute of torture where a broker is; ARGS="--filter NAME" for some
	$(note_skipped)
	swift build $(FLAGS) --build-tests
	swift test $(FLAGS) --skip-build $(ARGS)
ifeq ($(ARGS),)
	swift build $(BROKEN) --product simulate
	.build/simulation/release/simulate --recorded $(BUGS)
	swift build $(FLAGS)
	$(call may_skip,scripts/torture --minutes 1)
endif
	$(tell_skipped)

simulate: setup ## find every known bug, then run 10,000 seeds; ARGS="--seed N --trace" for one
	swift build $(FLAGS) --product simulate
ifeq ($(ARGS),)
	swift build $(BROKEN) --product simulate
	.build/simulation/release/simulate --find-bugs $(BUGS)
	.build/release/simulate --seeds 1-10000 --jobs 2
else
	.build/release/simulate $(ARGS)
endif

prove: build ## what `make test` leaves out: `make simulate`, and all that is done to workers on a broker; takes an hour and a half
	$(note_skipped)
	$(MAKE) --no-print-directory simulate ARGS=
	$(call may_skip,scripts/security-test)
	$(call may_skip,scripts/identities)
	$(call may_skip,scripts/faults)
	$(call may_skip,scripts/zombies)
	$(call may_skip,scripts/compose-test)
	$(call may_skip,scripts/torture --nodes 3 --minutes 2 --seed 4 --rate 150)
	$(call may_skip,scripts/torture --minutes 10 --seed 12 --rate 1650 --mail eml --promises)
	$(call may_skip,scripts/torture --nodes 3 --minutes 5 --seed 3 --rate 700 --mail eml --promises)
	$(tell_skipped)

build: setup ## all executables, in .build/release
	swift build $(FLAGS)

bench: build ## the benchmarks, on the embedded log and on a broker where there is one; takes a quarter of an hour
	.build/release/JSONEvents
	Benchmarks/run $(ARGS)
	failed=0; for name in workers restore; do Benchmarks/$$name || [[ $$? == 77 ]] || failed=1; done; exit $$failed

bench-quick: build ## the four workers on a broker; takes three minutes
	Benchmarks/workers --quick $(ARGS) || [[ $$? == 77 ]]

bench-instructions: build ## what a referral takes, counted under valgrind: the same on a busy machine; ARGS="--bin DIR" for another build
	Benchmarks/instructions $(ARGS) || [[ $$? == 77 ]]

format: ## rewrite the sources in the house format
	swift format --in-place --recursive $(SOURCES)

lint: ## check the house format
	swift format lint --strict --recursive $(SOURCES)

check: ## what a change must pass: tests, format, warnings, contracts
	.ci/run

setup: ## install the missing Debian packages, or say which
	@scripts/setup

clean: ## remove what was built, keep data
	rm -rf .build
