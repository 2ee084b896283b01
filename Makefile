# mvmanager: build, install and test with PGXS.
#
#   make && make install && make installcheck     against PG_CONFIG's server and the running cluster
#   make check                                    everything, on a private server that is gone afterwards
#
# Build with warnings as errors: make WERROR=1. In a hurry: make QUICK=1. Build elsewhere: make -f ../Makefile.

SRC := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
PG_CONFIG ?= pg_config

EXTENSION  = mvmanager
MODULE_big = mvmanager
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" '$(SRC)/mvmanager.control')

# Goals that need no server headers work without PostgreSQL.
PLAIN_GOALS = bench check dist format unit
ifneq ($(MAKECMDGOALS),)
ifeq ($(filter-out $(PLAIN_GOALS),$(MAKECMDGOALS)),)
WITHOUT_PGXS = 1
endif
endif

ifndef WITHOUT_PGXS

sources = $(patsubst $(SRC)/%,%,$(sort $(foreach pattern,$(1),$(wildcard $(SRC)/$(pattern)))))

OBJS         = $(patsubst %.cpp,%.o,$(call sources,src/*.cpp src/*/*.cpp))
MODULE_OBJS  = $(patsubst %.cpp,%.o,$(call sources,test/module/*.cpp src/pg/*.cpp src/format.cpp src/model/*.cpp \
               src/versioning/blockers.cpp src/versioning/column_dependents.cpp src/versioning/redefinition.cpp))
INSTALL_SQL  = $(addprefix $(SRC)/,$(call sources,src/sql/*.sql))

DATA         = $(call sources,src/sql/upgrade/*.sql)
DATA_built   = mvmanager--$(EXTVERSION).sql

# installcheck needs a server that can CREATE EXTENSION mvmanager and nothing else, so it runs sql/ alone.
names        = $(sort $(notdir $(basename $(call sources,$(1)))))
REGRESS      = $(call names,sql/*.sql)
REGRESS_OPTS = --load-extension=mvmanager
SPECS        = $(call names,test/isolation/specs/*.spec)
MODULE_TESTS = $(call names,test/module/sql/*.sql)
PROVE_TESTS  = $(call sources,test/t/*.pl)
PGTAP_TESTS  = $(call sources,test/pgtap/*.sql)

PG_CPPFLAGS  = -I$(SRC)/src -DFMT_HEADER_ONLY
# Before 16 PGDLLEXPORT is empty, and hidden visibility would take even the magic block away.
PG_CPPFLAGS += '-DPGDLLEXPORT=__attribute__((visibility("default")))'
PG_CXXFLAGS  = -std=c++20 -Wall -Wextra -Wno-missing-field-initializers $(if $(WERROR),-Werror) \
               -fvisibility=hidden -fvisibility-inlines-hidden -MMD -MP
# PGXS links with the C compiler. -Bsymbolic: the library and the test module hold the same src/pg objects.
SHLIB_LINK   = -Wl,--version-script=$(SRC)/src/exports.map -Wl,-Bsymbolic -lstdc++
EXTRA_CLEAN  = $(OBJS:.o=.d) $(MODULE_OBJS) $(MODULE_OBJS:.o=.d) mvmanager_test.so build-unit quick.hpp.gch output_iso \
               results regression.diffs regression.out tmp_check

# Bitcode is compiled by another compiler with other flags, and nothing here is worth inlining into JIT code.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Warnings of the server's headers are not ours.
override CPPFLAGS := $(patsubst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS))

# For somebody who waits: less optimized, without debug information, and what every object includes is compiled once.
ifdef QUICK
override CXXFLAGS += -O1 -g0
QUICK_HEADER = quick.hpp.gch
quick.hpp.gch: $(SRC)/src/quick.hpp
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -x c++-header -o $@ $<
endif

$(sort $(OBJS) $(MODULE_OBJS)): %.o: $(SRC)/%.cpp $(QUICK_HEADER)
	@$(MKDIR_P) $(@D)
	$(CXX) $(CXXFLAGS) $(if $(QUICK),-include quick.hpp) $(CPPFLAGS) -c -o $@ $<

# Only this object knows the version, so that a release does not rebuild the rest.
src/mvmanager.o src/catalog/extension.o: override CPPFLAGS += '-DMVMANAGER_VERSION="$(EXTVERSION)"'
src/mvmanager.o: $(SRC)/mvmanager.control

-include $(OBJS:.o=.d) $(MODULE_OBJS:.o=.d)

mvmanager.so: $(SRC)/src/exports.map

mvmanager--$(EXTVERSION).sql: $(INSTALL_SQL) $(SRC)/mvmanager.control
	cat $(or $(INSTALL_SQL),$(error no install script in $(SRC)/src/sql)) > $@

# The test module: wait points and border tests, never part of an installation.
.PHONY: module install-module isolation module-check pgtap tap lint
module: mvmanager_test.so

mvmanager_test.so: $(MODULE_OBJS) $(SRC)/src/exports.map
	$(CC) $(CFLAGS) -shared -o $@ $(MODULE_OBJS) $(LDFLAGS) $(LDFLAGS_SL) $(SHLIB_LINK)

install-module: mvmanager_test.so installdirs
	$(INSTALL_SHLIB) mvmanager_test.so '$(DESTDIR)$(pkglibdir)/'
	$(INSTALL_DATA) $(SRC)/test/module/mvmanager_test.control $(SRC)/test/module/mvmanager_test--*.sql '$(DESTDIR)$(datadir)/extension/'

LOAD_BOTH = --load-extension=mvmanager --load-extension=mvmanager_test

# These three need the running server to have both extensions installed.
isolation:
	$(pg_isolation_regress_installcheck) --inputdir=$(SRC)/test/isolation --dbname=isolation_mvmanager $(LOAD_BOTH) \
	    $(EXTRA_ISOLATION_OPTS) $(SPECS)

module-check:
	$(pg_regress_installcheck) --inputdir=$(SRC)/test/module --outputdir=output_module --dbname=regression_mvmanager_test \
	    $(LOAD_BOTH) $(MODULE_TESTS)

pgtap:
	'$(bindir)/psql' -X -q -d postgres -c 'DROP DATABASE IF EXISTS pgtap_mvmanager' -c 'CREATE DATABASE pgtap_mvmanager'
	'$(bindir)/psql' -X -q -d pgtap_mvmanager -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION mvmanager' -c 'CREATE EXTENSION pgtap'
	cd $(SRC) && PATH='$(bindir)':"$$PATH" pg_prove --ext .sql -d pgtap_mvmanager $(PG_PROVE_OPTS) $(PGTAP_TESTS)

# Each file starts servers of its own from the installed tree.
tap:
	$(prove_installcheck)

lint: all
	MVMANAGER_LIBRARY='$(CURDIR)/mvmanager.so' MVMANAGER_CPPFLAGS="$(subst ",\",$(CPPFLAGS))" CXX='$(CXX)' \
	    prove $(PROVE_FLAGS) --exec bash $(wildcard $(SRC)/test/lint/*.sh)

endif # WITHOUT_PGXS

# PGXS has a check of its own, which only says that there is none; ours replaces it when it is asked for.
ifneq ($(filter check,$(MAKECMDGOALS)),)
check:
	$(SRC)/dev/check --pg-config '$(PG_CONFIG)'
endif

.PHONY: bench dist format unit
unit:
	cmake -S $(SRC) -B build-unit -DCMAKE_BUILD_TYPE=RelWithDebInfo $(CMAKE_FLAGS)
	cmake --build build-unit --parallel $$(nproc)
	ctest --test-dir build-unit --output-on-failure

format:
	cd $(SRC) && clang-format -i $$(git ls-files '*.cpp' '*.hpp')

# Each program of test/bench starts and stops a private server by itself and prints what it measured.
bench:
	@set -e; for program in $(sort $(wildcard $(SRC)/test/bench/*/*.sh)); do \
	    echo "== $${program#$(SRC)/test/bench/}"; PG_CONFIG='$(PG_CONFIG)' bash $$program; done

dist:
	cd $(SRC) && git archive --format=zip --prefix=mvmanager-$(EXTVERSION)/ -o mvmanager-$(EXTVERSION).zip HEAD
