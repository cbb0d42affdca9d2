# The two commands to start with: `make demo` and `make test`. Both set up what is missing and share one build.

SHELL := /bin/bash

# One configuration for tests and product, so that everything is compiled once.
FLAGS := --configuration release -Xswiftc -enable-testing -Xswiftc -warnings-as-errors
SOURCES := $(wildcard Package.swift Modules Services Tests Benchmarks)
ARGS ?=

# The simulation's own build has the known bugs in it, each behind a switch; the product's has none of them.
BROKEN := --scratch-path .build/simulation --configuration release -Xswiftc -DSIMULATION
BUGS := Tests/Simulate/found-bugs.tsv

.PHONY: help demo test simulate build bench bench-quick bench-instructions format lint check setup clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 25

demo: setup ## the whole revenue loop on sample data; ARGS="--crm DIR" for a real export
	swift build $(FLAGS) --product tributary
	.build/release/tributary demo $(ARGS)

test: setup ## all tests, a minute of torture where a broker is; ARGS="--filter NAME" for some
	swift build $(FLAGS) --build-tests
	swift test $(FLAGS) --skip-build $(ARGS)
ifeq ($(ARGS),)
	swift build $(BROKEN) --product simulate
	.build/simulation/release/simulate --recorded $(BUGS)
	swift build $(FLAGS)
	scripts/torture --minutes 1 || [[ $$? == 77 ]]
endif

simulate: setup ## find every known bug, then run 10,000 seeds; ARGS="--seed N --trace" for one
	swift build $(FLAGS) --product simulate
ifeq ($(ARGS),)
	swift build $(BROKEN) --product simulate
	.build/simulation/release/simulate --find-bugs $(BUGS)
	.build/release/simulate --seeds 1-10000 --jobs 2
else
	.build/release/simulate $(ARGS)
endif

build: setup ## all executables, in .build/release
	swift build $(FLAGS)

bench: build ## the benchmarks, on the embedded log and on a broker where there is one; takes a quarter of an hour
	.build/release/JSONEvents
	Benchmarks/run $(ARGS)
	Benchmarks/workers || [[ $$? == 77 ]]
	Benchmarks/restore || [[ $$? == 77 ]]

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
