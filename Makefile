# Everything is built here, by one make: `make help` lists what there is.
#
# Three trees of objects stand beside one another: build/obj (what is shipped),
# build/asan and build/tsan (the same under sanitizers, for the tests). New
# files under src/, tests/ and bench/ are found by themselves.

ifeq ($(origin CC),default)
CC = gcc
endif
BUILD   = build
PREFIX  = /usr/local
DB      = $(BUILD)/demo.db
PORT    = 8080
PYTHON  = /usr/bin/python3
VERSION := $(shell sed -n 's/^.define PIQ_VERSION "\(.*\)"/\1/p' include/piq.h)
SONAME  = libpiq.so.0

# Sources ---------------------------------------------------------------------

SOURCES   := $(sort $(wildcard src/*/*.c src/*/*/*.c))
CLI       := $(filter src/cli/%,$(SOURCES))
LIBRARY   := $(filter-out src/cli/%,$(SOURCES))
HEADERS   := $(sort $(wildcard include/*.h src/*/*.h src/*/*/*.h))
TESTS     := $(sort $(foreach d,unit property fault contract fuzz,\
               $(wildcard tests/$(d)/*.c)))
SUPPORT   := $(sort $(wildcard tests/support/*.c))
BENCHES   := $(sort $(wildcard bench/*.c))
SCRIPTS   := $(sort $(foreach d,api e2e,\
               $(wildcard tests/$(d)/[a-z]*.py tests/$(d)/[a-z]*.sh)))
# Tests that start threads say so near their top.
THREADED  := $(if $(TESTS),$(shell for t in $(TESTS); do \
               head -n 20 $$t | grep -q 'threads:tsan' && echo $$t; done))
# The contract is compiled in, as JSON.
GENERATED := $(if $(wildcard api/openapi.yaml),$(BUILD)/gen/openapi_json.c)
GEN_OBJ   := $(if $(GENERATED),gen/openapi_json.o)

# Flags -----------------------------------------------------------------------

CFLAGS   ?= -O2 -g
WARNINGS  = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
MODULES  := libmicrohttpd zlib gnutls nettle libcurl jansson sqlite3 libpq
# Linear algebra only when something uses it.
ifneq ($(shell grep -lsF 'include <cblas' $(SOURCES)),)
MODULES  += openblas
endif
ifneq ($(shell grep -lsF 'include <lapacke' $(SOURCES)),)
MODULES  += lapacke
endif
# As system headers, whose warnings are not ours.
MOD_FLAGS := $(patsubst -I%,-isystem %,\
               $(shell pkg-config --cflags $(MODULES) 2>/dev/null))
MOD_LIBS  := $(shell pkg-config --libs $(MODULES) 2>/dev/null)
LIBS      = $(MOD_LIBS) -lm -lpthread
BASE      = -std=c17 -D_GNU_SOURCE $(WARNINGS) -Iinclude -Isrc $(MOD_FLAGS)
# V=1 shows the whole commands.
Q         = $(if $(V),,@echo '  $@';)
COMPILE   = $(CC) $(BASE) $(FLAGS) -MMD -MP -c $< -o $@
LINK      = $(CC) $(FLAGS) -Wl,--as-needed
# Only of the program that serves; sanitizers bring an allocator of their own.
HEAP      =
$(BUILD)/piq: HEAP = -Wl,--no-as-needed -ljemalloc
# gcc cannot see through what a sanitizer adds, and guesses.
UNSURE   := $(if $(findstring clang,$(CC)),,-Wno-maybe-uninitialized)
ASAN      = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
            -fno-sanitize-recover=all $(UNSURE)
TSAN      = -O1 -g -fno-omit-frame-pointer -fsanitize=thread \
            $(UNSURE)

$(BUILD)/obj/%  $(BUILD)/tests/%:  FLAGS = $(CFLAGS) -fPIC
$(BUILD)/piq $(BUILD)/libpiq.so $(BUILD)/bench/%: FLAGS = $(CFLAGS) -fPIC
$(BUILD)/asan/%: FLAGS = $(ASAN)
$(BUILD)/tsan/%: FLAGS = $(TSAN)
# libFuzzer comes with clang only. It is not told of compared numbers: nearly all
# are the sanitizer's own, and telling takes half of the time.
FUZZING   = -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
            -fno-sanitize-coverage=trace-cmp -fno-sanitize-recover=all \
            -DPIQ_LIBFUZZER
$(BUILD)/fuzz/%: FLAGS = $(FUZZING)
$(BUILD)/fuzz/%: override CC = clang

# What is built ---------------------------------------------------------------

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.PHONY: all web run test asan deb bench bench-programs lint format install clean help \
        bench-fsrs bench-plans test-programs asan-programs tsan-programs \
        fuzz fuzz-programs nightly lint-layers lint-format \
        lint-headers lint-tidy FORCE

all: $(BUILD)/piq $(BUILD)/libpiq.a $(BUILD)/libpiq.so

# A change of compiler or flags builds everything anew.
SETTINGS = $(CC) | $(CFLAGS) | $(WARNINGS) | $(MODULES) | $(ASAN) | $(TSAN)
$(BUILD)/settings: FORCE
	@mkdir -p $(@D)
	@echo '$(SETTINGS)' | cmp -s - $@ || echo '$(SETTINGS)' >$@

$(BUILD)/gen/openapi_json.c: api/openapi.yaml tools/embed_openapi.py
	$(Q)$(PYTHON) tools/embed_openapi.py $< $@

# $(call tree,DIR,OBJECTS): the library, programs and tests of one tree, whose
# objects are below DIR/OBJECTS.
define tree
$(1)/$(2)/%.o: %.c $(BUILD)/settings
	@mkdir -p $$(@D)
	$$(Q)$$(COMPILE)

$(1)/$(2)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/settings
	@mkdir -p $$(@D)
	$$(Q)$$(COMPILE)

$(1)/libpiq.a: $(LIBRARY:%.c=$(1)/$(2)/%.o) $(GEN_OBJ:%=$(1)/$(2)/%)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^

$(1)/piq: $(CLI:%.c=$(1)/$(2)/%.o) $(1)/libpiq.a
	$$(Q)$$(LINK) $$^ $$(LIBS) $$(HEAP) -o $$@

$(1)/tests/%: $(1)/$(2)/tests/%.o $(SUPPORT:%.c=$(1)/$(2)/%.o) $(1)/libpiq.a
	@mkdir -p $$(@D)
	$$(Q)$$(LINK) $$^ -lcmocka $$(LIBS) -o $$@
endef

$(eval $(call tree,$(BUILD),obj))
$(eval $(call tree,$(BUILD)/asan,obj))
$(eval $(call tree,$(BUILD)/tsan,obj))
$(eval $(call tree,$(BUILD)/fuzz,obj))

$(BUILD)/obj/tests/%.o $(BUILD)/asan/obj/tests/%.o $(BUILD)/tsan/obj/tests/%.o \
$(BUILD)/fuzz/obj/tests/%.o: BASE += -Itests

$(BUILD)/libpiq.so: $(LIBRARY:%.c=$(BUILD)/obj/%.o) \
                    $(GEN_OBJ:%=$(BUILD)/obj/%) tools/libpiq.map
	$(Q)$(LINK) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs \
	    -Wl,--version-script=tools/libpiq.map $(filter %.o,$^) $(LIBS) -o $@

$(BUILD)/bench/%: $(BUILD)/obj/bench/%.o $(SUPPORT:%.c=$(BUILD)/obj/%.o) \
                  $(BUILD)/libpiq.a
	@mkdir -p $(@D)
	$(Q)$(LINK) $^ $(LIBS) -lcmocka -o $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# What is done ----------------------------------------------------------------

PLAIN_TESTS := $(TESTS:%.c=$(BUILD)/%)
ASAN_TESTS  := $(TESTS:%.c=$(BUILD)/asan/%)
TSAN_TESTS  := $(THREADED:%.c=$(BUILD)/tsan/%)

test-programs: all $(PLAIN_TESTS)
asan-programs: $(ASAN_TESTS)
tsan-programs: $(TSAN_TESTS)

# The set-up may bring the compiler and pkg-config, which this make has asked
# already: a second one builds.
run:
	@tools/setup run
	@$(MAKE) --no-print-directory all web
	$(BUILD)/piq demo --serve --db '$(DB)' --port '$(PORT)'

# The dashboard. Where npm is absent or offline that is said, and is no failure.
web:
	@tools/build_web '$(BUILD)' || [ $$? -eq 3 ]

JOBS = -j$(shell nproc 2>/dev/null || echo 1)

test:
	@tools/setup test
	@$(MAKE) --no-print-directory $(JOBS) \
	    test-programs asan-programs tsan-programs
	@$(MAKE) --no-print-directory web
	@PIQ_BIN='$(CURDIR)/$(BUILD)/piq' $(PYTHON) tools/run_tests \
	    plain: $(PLAIN_TESTS) asan: $(ASAN_TESTS) tsan: $(TSAN_TESTS) \
	    script: $(SCRIPTS)

asan:
	@tools/setup test
	@$(MAKE) --no-print-directory $(JOBS) asan-programs $(BUILD)/asan/piq
	@PIQ_BIN='$(CURDIR)/$(BUILD)/asan/piq' $(PYTHON) tools/run_tests \
	    asan: $(ASAN_TESTS) script: $(SCRIPTS)

# Each harness under libFuzzer, RUNS executions; FUZZ=json is one of them. What
# was found is in $(BUILD)/fuzz/found.
RUNS = 1000000
FUZZ =
FUZZERS := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(shell \
             grep -ls LLVMFuzzerTestOneInput tests/fuzz/fuzz_*.c)))
fuzz-programs: $(patsubst %,$(BUILD)/fuzz/tests/fuzz/fuzz_%,\
                 $(or $(FUZZ),$(FUZZERS)))

fuzz:
	@tools/setup lint
	@$(MAKE) --no-print-directory $(JOBS) fuzz-programs FUZZ='$(FUZZ)'
	@$(PYTHON) tools/fuzz --build '$(BUILD)/fuzz' --runs '$(RUNS)' \
	    $(or $(FUZZ),$(FUZZERS))

# Hours: the faults of tests/e2e again and again, every harness for a million
# inputs, the soak.
nightly:
	@tools/setup bench
	@tools/setup lint
	@$(MAKE) --no-print-directory $(JOBS) test-programs bench-programs
	@PIQ_BIN='$(CURDIR)/$(BUILD)/piq' PIQ_TEST_TIMEOUT_S=14400 \
	    PIQ_KILL9_ROUNDS=500 PIQ_PGFAULT_ROUNDS=10 PIQ_FAILOVER_ROUNDS=20 \
	    $(PYTHON) tools/run_tests script: $(filter tests/e2e/%,$(SCRIPTS))
	@$(MAKE) --no-print-directory fuzz
	@PIQ_BIN='$(CURDIR)/$(BUILD)/piq' bench/soak

bench-programs: all $(BENCHES:%.c=$(BUILD)/%)

bench:
	@tools/setup bench
	@$(MAKE) --no-print-directory $(JOBS) bench-programs
	@if [ -x bench/run ]; then PIQ_BIN='$(CURDIR)/$(BUILD)/piq' bench/run; \
	else echo 'make bench: there is no bench/run to run' >&2; exit 1; fi

# Needs cbc and the instance generator; half an hour, most of it cbc's.
bench-plans: $(BUILD)/piq
	@PIQ_BIN='$(CURDIR)/$(BUILD)/piq' $(PYTHON) bench/plan_gaps

# Needs node and npm, which fetch the peer into $(BUILD)/peer.
bench-fsrs: $(BUILD)/piq
	@PIQ_BIN='$(abspath $(BUILD))/piq' bench/fsrs_peer \
	    --peer '$(abspath $(BUILD))/peer'

C_FILES = $(HEADERS) $(SOURCES) $(TESTS) $(SUPPORT) $(BENCHES) \
          $(wildcard tests/support/*.h bench/*.h)

deb: all
	@tools/make_deb '$(BUILD)' '$(VERSION)'

# Each goes on when another one found something.
lint:
	@tools/setup lint
	@$(MAKE) --no-print-directory -k \
	    lint-layers lint-format lint-headers lint-tidy

lint-layers:
	@$(PYTHON) tools/check_layers.py src

lint-format:
	@clang-format --dry-run -Werror $(C_FILES)

TIDY = clang-tidy --quiet "$$@" -- $(BASE) 2>/dev/null
lint-tidy:
	@printf '%s\n' $(SOURCES) | \
	    xargs -P $(shell nproc 2>/dev/null || echo 1) -n 4 sh -c '$(TIDY)' tidy

# Each header compiles alone.
lint-headers:
	@for h in $(HEADERS); do \
	    $(CC) $(BASE) -fsyntax-only -x c -include "$$h" /dev/null || exit 1; \
	done

format:
	clang-format -i $(C_FILES)

define PKG_CONFIG_FILE
prefix=$(PREFIX)
libdir=$${prefix}/lib
includedir=$${prefix}/include

Name: piq
Description: Personalization engine for learning, embedded
Version: $(VERSION)
Libs: -L$${libdir} -lpiq
Libs.private: $(strip $(LIBS))
Cflags: -I$${includedir}
endef
export PKG_CONFIG_FILE

install: all
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/include' \
	    '$(DESTDIR)$(PREFIX)/lib/pkgconfig' \
	    '$(DESTDIR)$(PREFIX)/share/man/man1' \
	    '$(DESTDIR)$(PREFIX)/share/piq'
	install -m 755 $(BUILD)/piq '$(DESTDIR)$(PREFIX)/bin/piq'
	install -m 644 include/piq.h '$(DESTDIR)$(PREFIX)/include/piq.h'
	install -m 644 $(BUILD)/libpiq.a '$(DESTDIR)$(PREFIX)/lib/libpiq.a'
	install -m 755 $(BUILD)/libpiq.so \
	    '$(DESTDIR)$(PREFIX)/lib/libpiq.so.$(VERSION)'
	ln -sf libpiq.so.$(VERSION) '$(DESTDIR)$(PREFIX)/lib/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(PREFIX)/lib/libpiq.so'
	printf '%s\n' "$$PKG_CONFIG_FILE" \
	    >'$(DESTDIR)$(PREFIX)/lib/pkgconfig/piq.pc'
	install -m 644 docs/man/piq.1 '$(DESTDIR)$(PREFIX)/share/man/man1/piq.1'
	install -m 644 content/poker.json \
	    '$(DESTDIR)$(PREFIX)/share/piq/poker.json'
	if [ -f '$(BUILD)/web/index.html' ]; then \
	    rm -rf '$(DESTDIR)$(PREFIX)/share/piq/web' && \
	    cp -R '$(BUILD)/web' '$(DESTDIR)$(PREFIX)/share/piq/web'; fi

clean:
	rm -rf '$(BUILD)'

help:
	@echo 'make            build/piq, build/libpiq.a, build/libpiq.so'
	@echo 'make web        the dashboard: build/web, web/dist (needs npm)'
	@echo 'make run        set up, build, load the demonstration, serve it'
	@echo '                (DB=build/demo.db PORT=8080)'
	@echo 'make test       set up, then every test, plain and sanitized'
	@echo 'make asan       every test, the program included, under ASan+UBSan'
	@echo 'make fuzz       every parser under libFuzzer (RUNS=1000000 FUZZ=json)'
	@echo 'make nightly    faults 500 times, fuzz, a soak of 20 minutes: hours'
	@echo 'make bench      measure'
	@echo 'make bench-fsrs fitting memory, beside fsrs-rs (PIQ_SHARED=../shared)'
	@echo 'make bench-plans gaps of plans, beside cbc (PIQ_SHARED=../shared)'
	@echo 'make lint       rooms, format, headers, clang-tidy'
	@echo 'make format     clang-format every C file'
	@echo 'make install    PREFIX=/usr/local DESTDIR='
	@echo 'make deb        $(BUILD)/piq_VERSION_ARCH.deb'
	@echo 'make clean      remove build/'
	@echo 'CC=clang works with all of them, V=1 shows the commands.'
