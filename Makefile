# Millrace: extract | transform | load, from MySQL to MongoDB.
#
#	make			build the programs into bin/ (no network needed)
#	make demo		see it work, with servers of its own
#	make test		run every test
#	make bench		measure it against others; make bench-check
#	make faults N=1000	break things on purpose, for long: SEED=, ROWS=,
#				SOURCE=mariadb; see tests/faults/run --help
#	make fuzz T=3600	feed the readers of input with what they don't
#				expect: FUZZ=, SEED=; see tests/fuzz/run --help
#	make install		under $(DESTDIR)$(PREFIX); make uninstall
#	make SAN=1		with AddressSanitizer and UBSan, into the same bin/
#
# A program is the .c files of its folder and the library of common/: the
# include lines and this list are all there is to know of the structure.

PROGRAMS = extract transform load supervisor

CC ?= cc
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr/local
DESTDIR ?=
OPT ?= -O2 -g
WARN = -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -Wwrite-strings -Werror

# Each library is one program's alone (scripts/check-deps looks).
extract_PKG = mysqlclient
transform_PKG = libpcre2-8
load_PKG = libmongoc-1.0
supervisor_PKG = libmicrohttpd libcurl libsodium
common_LIBS = -lpthread

VERSION = $(shell cat VERSION)

ifeq ($(SAN),1)
SANFLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
B = build/san
else
B = build/std
endif

BASE_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -DMILLRACE_VERSION='"$(VERSION)"' \
	$(WARN) $(OPT) $(SANFLAGS) -MMD -MP
BASE_LDFLAGS = $(SANFLAGS) $(LDFLAGS)

COMMON_OBJ = $(patsubst %.c,$B/%.o,$(wildcard common/*.c))
LIBCOMMON = $B/libcommon.a
TESTS = $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

all: $(PROGRAMS:%=bin/%)

# bin/ holds the last kind built: `make` and `make SAN=1` take turns.
define program
$(1)_OBJ = $$(patsubst %.c,$$B/%.o,$$(wildcard $(1)/*.c))
$(1)_CFLAGS = $$(shell $$(PKG_CONFIG) --cflags $$($(1)_PKG))
$(1)_LIBS = $$(shell $$(PKG_CONFIG) --libs $$($(1)_PKG))
$$B/$(1)/%.o: $(1)/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(BASE_CFLAGS) $$($(1)_CFLAGS) $$(CFLAGS) -c -o $$@ $$<
$$B/bin/$(1): $$($(1)_OBJ) $$(LIBCOMMON)
	@mkdir -p $$(@D)
	$$(CC) $$(BASE_LDFLAGS) -o $$@ $$^ $$($(1)_LIBS) $$(common_LIBS)
bin/$(1): $$B/bin/$(1) FORCE
	@mkdir -p $$(@D)
	@cmp -s $$< $$@ || { cp $$< $$@.new && mv -f $$@.new $$@; }
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$B/common/%.o: common/%.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -c -o $@ $<
$(LIBCOMMON): $(COMMON_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# Unit tests: test_STAGE_x.c links the stage's objects but for its main.o.
stage = $(word 2,$(subst _, ,$(1)))
define unit
$B/tests/$(1): tests/unit/$(1).c tests/unit/tap.h $$(filter-out %/main.o,\
    $$($(call stage,$(1))_OBJ)) $$(LIBCOMMON)
	@mkdir -p $$(@D)
	$$(CC) $$(BASE_CFLAGS) $$($(call stage,$(1))_CFLAGS) $$(CFLAGS) -I. \
	    $$(BASE_LDFLAGS) -o $$@ $$(filter %.c %.o %.a,$$^) \
	    $$($(call stage,$(1))_LIBS) $$(common_LIBS)
endef
$(foreach t,$(TESTS),$(eval $(call unit,$(t))))
PRELOADS = build/support/failcall.so build/support/clockstep.so
unit-tests: $(TESTS:%=$B/tests/%) build/support/mongosink $(PRELOADS)
	@echo $(TESTS:%=$B/tests/%)

# Programs and libraries that only tests need: see their first comments.
TEST_CC = $(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -g
build/support/mongosink: tests/support/mongosink.c \
    tests/support/mongosink_log.c tests/support/mongosink_log.h
	@mkdir -p $(@D)
	$(TEST_CC) $(load_CFLAGS) -o $@ $(filter %.c,$^) $(load_LIBS) \
	    -lz -lzstd $(common_LIBS)

build/support/%.so: tests/support/%.c
	@mkdir -p $(@D)
	$(TEST_CC) -fPIC -shared -o $@ $< -ldl

# Fuzz targets: tests/fuzz/STAGE_x.c; tests/fuzz/run sets what they are built
# with.  FUZZ_MAIN and FUZZ_LINK are what calls them.
FUZZ_MAIN = $B/fuzz/driver.o
define fuzzer
$B/fuzz/$(1): tests/fuzz/$(1).c $$(wildcard tests/fuzz/*.h) $$(FUZZ_MAIN) \
    $$(filter-out %/main.o,$$($(firstword $(subst _, ,$(1)))_OBJ)) \
    $$(LIBCOMMON)
	@mkdir -p $$(@D)
	$$(CC) $$(BASE_CFLAGS) $$($(firstword $(subst _, ,$(1)))_CFLAGS) \
	    $$(CFLAGS) $$(BASE_LDFLAGS) $$(FUZZ_LINK) -o $$@ \
	    $$(filter %.c %.o %.a,$$^) \
	    $$($(firstword $(subst _, ,$(1)))_LIBS) $$(common_LIBS)
endef
$(foreach t,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_*.c)),\
    $(eval $(call fuzzer,$(t))))
$B/fuzz/driver.o: tests/fuzz/driver.c tests/fuzz/fuzz.h tests/unit/mutate.h
	@mkdir -p $(@D)
	$(TEST_CC) -I. -c -o $@ $<

# Measuring: tests/bench/DESIGN.md.  Always with plain -O2, like the peers.
PROBES = meter rows fetch naive replay lagprobe
build/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(TEST_CC) $(extract_CFLAGS) $(load_CFLAGS) -o $@ $< \
	    -Wl,--as-needed $(extract_LIBS) $(load_LIBS) $(common_LIBS)
probes: $(PROBES:%=build/bench/%) build/support/mongosink

bench:
	tests/bench/run
bench-check:
	tests/bench/check

demo:
	scripts/demo
faults: all $(PRELOADS)
	tests/faults/run $(N:%=--n %) $(SEED:%=--seed %) \
	    $(COMMITS:%=--commits %) $(LONGEST:%=--longest %) \
	    $(STEPS:%=--steps %) \
	    $(SOURCE:%=--source %) $(OPTIONS) $(ROWS)
fuzz:
	tests/fuzz/run $(T:%=--seconds %) $(SEED:%=--seed %) $(FUZZ)
test:
	tests/run

BINDIR = $(DESTDIR)$(PREFIX)/lib/millrace/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man
SHAREDIR = $(DESTDIR)$(PREFIX)/share/millrace
SCHEMADIR = $(SHAREDIR)/schemas
MAN1 = extract/extract.1 transform/transform.1 load/load.1
MAN7 = supervisor/supervisor-api.7 supervisor/millrace-operation.7
MAN8 = supervisor/supervisor.8
MAN5 = common/record.5 schemas/schema.5
SCHEMAS = $(wildcard schemas/*.json)

# put MODE,FILES,FOLDER: by renaming, so that there is always a whole one.
define put
for f in $(2); do \
    to=$(3)/$${f##*/} && install -m $(1) $$f $$to.new && \
    mv -f $$to.new $$to || exit; done
endef

install: all
	install -d $(BINDIR) $(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man7 \
	    $(MANDIR)/man8 $(SCHEMADIR)
	$(call put,755,$(PROGRAMS:%=bin/%) scripts/verify,$(BINDIR))
	install -m 644 $(MAN1) $(MANDIR)/man1
	install -m 644 $(MAN5) $(MANDIR)/man5
	install -m 644 $(MAN7) $(MANDIR)/man7
	install -m 644 $(MAN8) $(MANDIR)/man8
	$(call put,644,$(SCHEMAS),$(SCHEMADIR))
	install -m 644 supervisor/openapi.json $(SHAREDIR)
	cp -R scripts/service $(SHAREDIR)
uninstall:
	rm -f $(PROGRAMS:%=$(BINDIR)/%) $(BINDIR)/verify
	rm -f $(addprefix $(MANDIR)/man1/,$(notdir $(MAN1))) \
	    $(addprefix $(MANDIR)/man5/,$(notdir $(MAN5))) \
	    $(addprefix $(MANDIR)/man7/,$(notdir $(MAN7))) \
	    $(addprefix $(MANDIR)/man8/,$(notdir $(MAN8))) \
	    $(addprefix $(SCHEMADIR)/,$(notdir $(SCHEMAS)))
	rm -f $(SHAREDIR)/openapi.json
	rm -rf $(SHAREDIR)/service
	-rmdir $(BINDIR) $(DESTDIR)$(PREFIX)/lib/millrace $(SCHEMADIR) \
	    $(SHAREDIR)

clean:
	rm -rf bin build

.PHONY: all demo test faults fuzz unit-tests probes bench bench-check install \
    uninstall clean FORCE
FORCE:
-include $(wildcard $B/*/*.d)
