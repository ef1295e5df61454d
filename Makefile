# pl: a toolkit of filters that learn from the logs of LLM workflows.  `make help` names the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
BUILD ?= build
FUZZ_SECONDS ?= 600
FAULT_ROUNDS ?= 1000
TOOLS := pl-record pl-backfill pl-stats pl-retrain pl-advise pl-cachestat
PAGES := $(wildcard man/*)
LIBS := -lsqlite3 -lyajl -lnettle -lm -ldl -pthread

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wcast-qual -Wpointer-arith -Wundef -Wformat=2 -Wvla -Werror
HARDENING := -ffp-contract=off -fstack-protector-strong -fPIE \
	$(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
LINKING := -pie -Wl,-z,relro,-z,now,--as-needed
override CPPFLAGS += -D_GNU_SOURCE -Ilib -DPL_VERSION='"$(VERSION)"' -DPL_SHARE_DIR='"$(PREFIX)/share/pl"'
ROOT = $(DESTDIR)$(PREFIX)
COMPLETIONS = $(ROOT)/share/bash-completion/completions

SOURCES := $(wildcard lib/*/*.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
BINARIES := $(TOOLS:%=$(BUILD)/bin/%)
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
HARNESSES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(BINARIES)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu17 $(CPPFLAGS) $(WARNINGS) $(HARDENING) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/libpl.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libpl.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/libpl.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)
# A harness by itself, which replays files; and one that libFuzzer drives, for whose coverage tests/fuzz/run compiles.
$(BUILD)/replay/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libpl.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LINKING) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libpl.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LINKING) $(LDFLAGS) -o $@ $^ $(LIBS)
# What stands in for the C library's calls is not to be made of the inline ones of its headers.
$(BUILD)/fault/shim.so: tests/fault/shim.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu17 $(CPPFLAGS) $(WARNINGS) $(CFLAGS) -U_FORTIFY_SOURCE -fPIC -shared $(LDFLAGS) -o $@ $<
# The one object that knows PREFIX is made again for another one.
$(BUILD)/lib/base/paths.o: $(BUILD)/prefix
$(BUILD)/prefix: force
	@mkdir -p $(@D); echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@
.SECONDARY:
-include $(OBJECTS:.o=.d) $(TOOLS:%=$(BUILD)/cmd/%.d) $(UNITS:$(BUILD)/unit/%=$(BUILD)/tests/unit/%.d) \
	$(HARNESSES:%=$(BUILD)/tests/fuzz/fuzz_%.d)

units: $(UNITS) $(BUILD)/fault/shim.so
replays: $(HARNESSES:%=$(BUILD)/replay/%)
demo: ; @.ci/install build && $(MAKE) --no-print-directory -s all && share/pl/demo/demo $(BUILD)/bin
test: ; @.ci/install build test && $(MAKE) --no-print-directory -s all units replays && tests/run $(BUILD)
check: ; @.ci/install build test check && tests/check $(BUILD)/check
fuzz: ; @.ci/install build check && tests/fuzz/run $(BUILD)/fuzzing $(FUZZ_SECONDS)
bench: ; @.ci/install build bench && $(MAKE) --no-print-directory -s all && tests/bench/run $(BUILD)/bin

check-faults:
	@.ci/install build test && $(MAKE) --no-print-directory -s all $(BUILD)/fault/shim.so
	@tests/fault/run $(BUILD) $(FAULT_ROUNDS)
bench-routing:
	@.ci/install build bench && $(MAKE) --no-print-directory -s all && tests/bench/routing $(BUILD)/bin $(FILE)

install: all
	install -d $(ROOT)/bin $(ROOT)/share/pl $(COMPLETIONS)
	install -m 755 $(BINARIES) $(ROOT)/bin
	cp -R share/pl/. $(ROOT)/share/pl
	chmod -R u=rwX,go=rX $(ROOT)/share/pl
	for t in $(TOOLS); do install -m 644 share/bash-completion/pl $(COMPLETIONS)/$$t || exit 1; done
	for p in $(PAGES); do install -D -m 644 $$p $(ROOT)/share/man/man$${p##*.}/$${p##*/} || exit 1; done
uninstall:
	for t in $(TOOLS); do rm -f $(ROOT)/bin/$$t $(COMPLETIONS)/$$t; done
	for p in $(PAGES); do rm -f $(ROOT)/share/man/man$${p##*.}/$${p##*/}; done
	rm -rf $(ROOT)/share/pl
clean:
	rm -rf $(BUILD)
help:
	@echo "all demo test check check-faults fuzz bench bench-routing install uninstall clean"
	@echo "PREFIX, DESTDIR, CC, CFLAGS, BUILD, FAULT_ROUNDS, FUZZ_SECONDS"

.PHONY: all units replays demo test check check-faults fuzz bench bench-routing install uninstall clean help force
