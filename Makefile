# Thin: CMakePresets.json knows how to build, tests/run.py how to test. `make help` lists the rest.

PORT ?= 6379
DIR ?= tideway-data
ARGS ?=
JOBS ?= $(shell nproc)

BUILD = cmake --build --preset $(1) --parallel $(JOBS)
INSTALL = tests/setup/install-packages.sh
export PATH := $(PATH):$(CURDIR)/build/tools

.DEFAULT_GOAL := help
.PHONY: run run-tidb build test test-full test-asan test-tsan fuzz tidy format style bench bench-tidb bench-bus clean help

run: build ## build and serve on PORT (6379), data in DIR (tideway-data), further settings in ARGS
	@echo "tideway: built build/release/tideway"
	@echo "tideway: the data lies in $(abspath $(DIR)); Ctrl-C stops the server"
	@echo "tideway: in another terminal, type:  redis-cli -p $(PORT) set hello world"
	@mkdir -p "$(DIR)"
	@exec build/release/tideway --port "$(PORT)" --dir "$(DIR)" $(ARGS)

run-tidb: build ## a local real TiDB, and two nodes over it on PORT (6379) and PORT + 1
	@echo "tideway: starting TiDB (ten minutes the first time: it is built)"
	@tests/tidb/with_server.py tests/tidb/two_nodes.sh build/release/tideway "$(PORT)"

build: ## install what is missing and build the server: build/release/tideway
	@$(INSTALL) run
	@echo "tideway: building (the first time takes minutes, then seconds)"
	@$(call configure,release)
	@$(call BUILD,release)

test: ## install what is missing, build, and pass every test (up to 70 minutes the first time)
	@$(INSTALL) run test
	@tests/run.py

test-full: ## the same with the long amounts: 1,000,000 random commands, 200 kills
	@$(INSTALL) run test
	@tests/run.py --full

test-asan: ## unit tests and whole-server suites under AddressSanitizer and UBSan
	@$(INSTALL) run test
	@tests/run.py --preset asan-ubsan

test-tsan: ## unit tests and whole-server suites under ThreadSanitizer
	@$(INSTALL) run test
	@tests/run.py --preset tsan

fuzz: ## every fuzz target for FUZZ_SECONDS (600)
	@$(INSTALL) run test
	@tests/run.py --fuzz $(or $(FUZZ_SECONDS),600)

tidy: ## clang-tidy on every file
	@$(INSTALL) run test
	@$(call configure,tidy)
	@$(call BUILD,tidy)

format: ## clang-format every source file in place
	@$(INSTALL) run test
	@find backend cdc resp tests bench cmake -name '*.h' -o -name '*.cc' | xargs clang-format-14 -i

style: ## the style test alone
	@python3 tests/style/check_test.py
	@python3 tests/style/check.py

bench: ## tideway and redis-server side by side: ratios of speed, latency and memory
	@$(INSTALL) run test
	@$(call configure,bench)
	@$(call BUILD,bench)
	@bench/run.sh $(ARGS)

bench-tidb: ## tideway and a plain SQL client side by side over the same TiDB
	@$(INSTALL) run test
	@$(call configure,bench)
	@$(call BUILD,bench)
	@tests/tidb/with_server.py bench/tidb/run.sh

bench-bus: ## two nodes on a NATS server and bare NATS clients side by side
	@$(INSTALL) run test
	@$(call configure,bench)
	@$(call BUILD,bench)
	@bench/bus/run.sh $(ARGS)

clean: ## remove what was built (not the data)
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

# Configures a preset once; afterwards ninja does it again by itself when needed.
configure = test -f build/$(1)/build.ninja || cmake --preset $(1) >/dev/null
