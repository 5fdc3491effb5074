# SPDX-License-Identifier: MIT
#
#   make            build ./gossipnet            make check   every test (as root: with the live ones)
#   make install    PREFIX=/usr/local DESTDIR=   make lint    layers, format, static analysis, man pages
#   V=1 shows commands; SAN=address,undefined builds with sanitizers in a folder of its own; CC=clang likewise.

PREFIX  ?= /usr/local
DESTDIR ?=
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))

# The one list of distribution packages: what a user needs to build and run, and what the tests add.
PACKAGES := gcc make pkg-config libc6-dev libyaml-dev libsqlite3-dev libmnl-dev libexpat1-dev \
	libkmod-dev gnuplot-nox user-mode-linux iproute2
CHECK_PACKAGES := libcmocka-dev clang libclang-rt-14-dev clang-format cppcheck shellcheck mandoc valgrind \
	sqlite3 iputils-ping tcpdump python3 procps util-linux tmux git
ACCURACY_PACKAGES := iperf3 iputils-ping python3 iproute2

VERSION := 0.4.0
LAYERS  := util proto plugin topo import net live store sim view study vm cmd
LIBS    := yaml-0.1 expat sqlite3 libmnl libkmod

empty :=
comma := ,
B     := build/$(if $(filter gcc,$(CC)),,$(notdir $(CC))-)$(or $(subst $(comma),-,$(SAN)),plain)
Q     := $(if $(V),,@)
say    = $(if $(V),,@echo "  $(1)	$(2)")

PKG_CFLAGS = $(shell pkg-config --cflags $(LIBS))
PKG_LIBS   = $(shell pkg-config --libs $(LIBS))
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Wundef $(if $(filter gcc,$(CC)),-Wcast-align=strict)
OPT  := $(if $(SAN),-O1 -fno-omit-frame-pointer,-O2)
FLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DGN_VERSION='"$(VERSION)"' -Isrc -Iinclude $(PKG_CFLAGS) \
	-g $(OPT) -fstack-protector-strong -MMD -MP $(WARN) $(if $(WERROR),-Werror) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all) $(CFLAGS)
LINK  = $(CC) $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS) -o $@

SRC := $(sort $(wildcard $(LAYERS:%=src/%/*.c)))
OBJ := $(SRC:%.c=$(B)/%.o)
ARCHIVES := $(LAYERS:%=$(B)/lib%.a)
BIN := $(if $(filter build/plain,$(B)),gossipnet,$(B)/gossipnet)

# The functions of the public header: a protocol in a shared object finds them in the program, used by others or not.
open :=(
TOOLKIT = $(shell sed -nE '/^static/d; s/^[a-z][a-z0-9_ ]* \**(gn_[a-z0-9_]+)\$(open).*/\1/p' include/gossipnet/protocol.h)

all: $(BIN)

$(BIN): $(patsubst %,$(B)/lib%.a,cmd study vm view sim store live net import topo plugin proto util)
	$(call say,LD,$@)
	$(Q)$(LINK) $(foreach f,$(TOOLKIT),-Wl,-u,$(f) -Wl,--export-dynamic-symbol=$(f)) $^ $(PKG_LIBS) -lm -lpthread

define archive
$(B)/lib$(1).a: $(filter $(B)/src/$(1)/%,$(OBJ))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call archive,$(l))))

$(B)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

# Unit tests mirror src/: tests/unit/LAYER/x_test.c is linked with the layers that LAYER may see and no other.
SEES_util  := util
SEES_proto := proto util
SEES_plugin := plugin proto util
SEES_topo  := topo util
SEES_import := import topo util
SEES_net   := net util
SEES_live  := live plugin proto util
SEES_store := store util
SEES_sim   := sim store plugin topo proto util
SEES_view  := view store util
SEES_vm    := vm util
SEES_study := study sim view store plugin topo proto util
SEES_cmd   := $(filter-out cmd,$(LAYERS))
UNIT_SRC := $(sort $(wildcard tests/unit/*/*_test.c))
UNIT     := $(UNIT_SRC:%.c=$(B)/%)

define unit
$(B)/tests/unit/$(1)/%_test: $(B)/tests/unit/$(1)/%_test.o $(SEES_$(1):%=$(B)/lib%.a)
	$$(call say,LD,$$@)
	$$(Q)$$(LINK) $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(PKG_LIBS) -lcmocka -lm -lpthread
endef
$(foreach l,$(LAYERS),$(eval $(call unit,$(l))))
.SECONDARY:

unit: $(UNIT)

TOOLS := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/tools/*.c tests/bench/*.c)))
$(B)/tests/tools/%: $(B)/tests/tools/%.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(LINK) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) -lm -lpthread
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(LINK) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) -lm -lpthread
tools: $(TOOLS)

# Random scenarios in the simulator, see tests/sim/properties.c. It brings a store of its own, so it comes before the archives.
PROPERTIES := $(patsubst %.c,$(B)/%,$(wildcard tests/sim/properties.c))
$(B)/tests/sim/properties: $(B)/tests/sim/properties.o $(B)/tests/sim/scenario.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(LINK) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) -lm -lpthread

# The simulator against plain loops, and against what is known; the loops also as a program of their own.
LOOPS := $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,$(sort $(wildcard tests/reference/*.c))))
MODELS := $(patsubst %.c,$(B)/%,$(wildcard tests/sim/reference.c tests/sim/theory.c))
$(B)/tests/sim/reference: $(LOOPS)
$(B)/tests/sim/reference $(B)/tests/sim/theory: %: %.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(LINK) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS) -lm -lpthread
$(B)/tests/reference/reference: $(B)/tests/reference/main.o $(LOOPS)
	$(call say,LD,$@)
	$(Q)$(LINK) $^ -lm

# Of the tests with networks those that mind nobody beside them: they measure no time, or the fastest of several.
BESIDE_OTHERS := $(wildcard tests/net/exec.sh tests/net/memory.sh tests/net/regions.sh tests/net/zoo.sh)

check-unit: unit
	$(Q)tests/run $(UNIT)

# Everything. Live tests need root and say so; under CI nothing may be skipped.
check: deps-check
	$(Q)trap : INT TERM; $(MAKE) --no-print-directory all unit tools $(PROPERTIES) $(MODELS) && \
		tests/run $(PROPERTIES) $(MODELS) $(BESIDE_OTHERS) $(sort $(wildcard tests/cli/*.sh)) $(UNIT) -- \
			$(filter-out $(BESIDE_OTHERS),$(sort $(wildcard tests/net/*.sh))); $(call give_back,build gossipnet)

# Status 3, a machine too busy for the timers, has been said and is worth a plot too.
demo: deps
	$(Q)trap : INT TERM; $(MAKE) --no-print-directory all && \
		{ ./gossipnet run topo/quickstart.yaml || [ $$? = 3 ]; } && \
		./gossipnet plot quickstart -o results/quickstart/latest/coverage.png; \
		$(call give_back,build gossipnet results)

# Does gossip learn of an event in O(log log N) rounds? A study that was interrupted goes on.
study: deps
	$(Q)trap : INT TERM; $(MAKE) --no-print-directory all && ./gossipnet study topo/loglog.study.yaml; \
		$(call give_back,build gossipnet results)

# RUN=: a result folder, a run.db or a topology's name; default the newest run of all.
plot: all
	$(Q)./gossipnet plot $(or $(RUN),$(shell ls -td results/*/*/run.db 2>/dev/null | head -1)) $(if $(OUT),-o $(OUT))

deps:
	$(Q)tests/deps $(PACKAGES)
deps-check:
	$(Q)tests/deps $(PACKAGES) $(CHECK_PACKAGES)

# The end of a recipe: after sudo, what was made belongs to the person who typed it, however it ended.
give_back = status=$$?; for made in $(1); do [ -z "$$SUDO_UID" ] || [ ! -e $$made ] || \
	chown -Rh "$$SUDO_UID:$$SUDO_GID" $$made; done; exit $$status

FUZZ_SECONDS ?= 60
FUZZ := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_B := build/fuzz
fuzz: $(FUZZ:%=fuzz-%)
fuzz-%: tests/fuzz/%.c
	$(Q)mkdir -p $(FUZZ_B)/$*-corpus
	$(Q)clang -std=gnu11 -D_GNU_SOURCE -DGN_VERSION='"$(VERSION)"' -Isrc -Iinclude $(PKG_CFLAGS) -g -O1 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $(FUZZ_B)/$* $< $(wildcard $(patsubst %,src/%/*.c,util proto topo import)) -lyaml -lexpat -lm
	$(FUZZ_B)/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=0 \
		$(FUZZ_B)/$*-corpus tests/fuzz/corpus/$*

bench: all tools
	$(Q)set -e; for b in $(sort $(wildcard tests/bench/*.sh)); do echo "# $$b"; $$b; done

# Does the network do what the file says? Some minutes; a machine with nothing else to do.
accuracy: deps
	$(Q)tests/deps $(ACCURACY_PACKAGES)
	$(Q)trap : INT TERM; $(MAKE) --no-print-directory all && tests/bench/accuracy.py; $(call give_back,build gossipnet results)

# What src/proto as a whole may lack, and nothing else: no socket, clock, file, log or global state. (Divisions of 128 bits
# are the compiler's own.)
PROTO_MAY := gn_(random_exponential|log2_q32|ln_q32|exp2_minus_q63)|mem(cpy|set|cmp|move)|strcmp|__u?divti3|__(assert|stack_chk)_fail|_GLOBAL_OFFSET_TABLE_
MAN := $(sort $(wildcard man/*.[1-8]))
C_FILES = $(shell git ls-files '*.c' '*.h')
SHELL_FILES = $(shell git grep -lE '^\#!.*(sh|bash)$$' -- tests .ci)

lint: lint-layers lint-format lint-cppcheck lint-shell lint-man
lint-layers: $(ARCHIVES) unit
	@! nm -g --defined-only $(OBJ) | awk 'NF == 3 { print $$3 }' | sort | uniq -d | grep . || \
		{ echo "the symbols above are defined twice: which one is linked is a matter of luck"; exit 1; }
	@ld -r -o $(B)/proto-whole.o $(filter $(B)/src/proto/%,$(OBJ))
	@! nm -u $(B)/proto-whole.o | awk 'NF == 2 { print $$2 }' | grep -vxE '$(PROTO_MAY)' || \
		{ echo "src/proto uses the symbols above, which a sans-IO protocol may not"; exit 1; }
	@tests/layers
lint-format:
	$(Q)clang-format --dry-run --Werror $(C_FILES)
lint-cppcheck:
	$(Q)cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,performance,portability \
		--suppress=missingIncludeSystem -D_GNU_SOURCE -DGN_VERSION=\"\" -Isrc -Iinclude src
lint-shell:
	$(Q)shellcheck $(SHELL_FILES)
lint-man: all
	$(Q)mandoc -T lint -W warning $(MAN)
	$(Q)tests/man-matches-help ./gossipnet man/gossipnet.1

SHARE = $(DESTDIR)$(PREFIX)/share
install:
	$(Q)trap : INT TERM; $(MAKE) --no-print-directory all; $(call give_back,build gossipnet)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/gossipnet/topo $(SHARE)/gossipnet/netem $(foreach s,1 3 5,$(SHARE)/man/man$(s)) \
		$(DESTDIR)$(PREFIX)/include/gossipnet
	install -m 755 gossipnet $(DESTDIR)$(PREFIX)/bin/
	install -m 644 include/gossipnet/protocol.h $(DESTDIR)$(PREFIX)/include/gossipnet/
	install -m 644 topo/*.yaml $(SHARE)/gossipnet/topo/
	install -m 644 netem/*.yaml $(SHARE)/gossipnet/netem/
	./gossipnet validate --schema > $(SHARE)/gossipnet/topology.schema.json
	$(foreach m,$(MAN),install -m 644 $(m) $(SHARE)/man/man$(subst .,,$(suffix $(m)))/ && ) true

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/gossipnet
	rm -rf $(SHARE)/gossipnet $(DESTDIR)$(PREFIX)/include/gossipnet
	rm -f $(foreach m,$(MAN),$(SHARE)/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)))

clean:
	rm -rf build gossipnet

.PHONY: all unit tools check check-unit demo study accuracy plot deps deps-check fuzz bench lint lint-layers lint-format lint-cppcheck \
	lint-shell lint-man install uninstall clean
-include $(OBJ:.o=.d) $(UNIT:%=%.d) $(TOOLS:%=%.d) $(wildcard $(B)/tests/sim/*.d $(B)/tests/reference/*.d)
