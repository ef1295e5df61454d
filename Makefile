# pl: a toolkit of filters that learn from the logs of LLM workflows.  `make help` names the targets.
VERSION := 0.1.0
PREFIX ?= /usr/local
BUILD ?= build
CC ?= cc
TOOLS := pl-record pl-backfill pl-stats
PAGES := $(wildcard man/*)
LIBS := -lsqlite3 -lyajl -lxxhash -lm

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wcast-qual -Wpointer-arith -Wundef -Wformat=2 -Wvla -Werror
HARDENING := -fstack-protector-strong -fPIE -D_FORTIFY_SOURCE=2
LINKING := -pie -Wl,-z,relro,-z,now
override CPPFLAGS += -D_GNU_SOURCE -Ilib -DPL_VERSION='"$(VERSION)"' -DPL_SHARE_DIR='"$(PREFIX)/share/pl"'

SOURCES := $(wildcard lib/*/*.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
BINARIES := $(TOOLS:%=$(BUILD)/bin/%)
UNITS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))

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
.SECONDARY:
-include $(OBJECTS:.o=.d) $(TOOLS:%=$(BUILD)/cmd/%.d) $(UNITS:$(BUILD)/unit/%=$(BUILD)/tests/unit/%.d)

units: $(UNITS)
demo: ; @.ci/install build && $(MAKE) --no-print-directory -s all && share/pl/demo/demo $(BUILD)/bin
test: ; @.ci/install build test && $(MAKE) --no-print-directory -s all units && tests/run $(BUILD)
check: ; @.ci/install build test check && tests/check
bench: all ; @.ci/install build bench && tests/bench/run $(BUILD)/bin

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/pl $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(BINARIES) $(DESTDIR)$(PREFIX)/bin
	cp -R share/pl/. $(DESTDIR)$(PREFIX)/share/pl
	for t in $(TOOLS); do install -m 644 share/bash-completion/pl $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$t; done
	for p in $(PAGES); do install -D -m 644 $$p $(DESTDIR)$(PREFIX)/share/man/man$${p##*.}/$${p##*/}; done
uninstall:
	for t in $(TOOLS); do rm -f $(DESTDIR)$(PREFIX)/bin/$$t $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$t; done
	for p in $(PAGES); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${p##*.}/$${p##*/}; done
	rm -rf $(DESTDIR)$(PREFIX)/share/pl
clean:
	rm -rf $(BUILD)
help:
	@echo "all demo test check bench install uninstall clean; PREFIX, DESTDIR, CC, CFLAGS, BUILD"

.PHONY: all units demo test check bench install uninstall clean help
