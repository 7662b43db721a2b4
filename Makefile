# SPDX-License-Identifier: GPL-2.0-only
#
# erofs-ishare: "make" builds for the running kernel, "make help" tells the rest.
#
# Rules: one path for everybody, DKMS included: probe the kernel, then let its build system run
# src/Kbuild. Options of that build system (W=1, C=2, CC=, LLVM=1, V=1...) pass through.

name    := erofs-ishare
# The version has one place: PACKAGE_VERSION in dkms.conf.
version := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"$$/\1/p' dkms.conf)

KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build

# What the kernel in $(KDIR) calls itself: the directory below /lib/modules.
release = $(shell sed -n 's/^\#define UTS_RELEASE "\(.*\)"$$/\1/p' $(KDIR)/include/generated/utsrelease.h)

DKMS    ?= dkms
DEPMOD  ?= depmod
srcdir  := /usr/src/$(name)-$(version)

# What Kbuild has to know to use the same compiler for probes and module.
kbuild_vars := $(foreach v,ARCH CROSS_COMPILE CC LD LLVM LLVM_IAS,\
	$(if $(filter command,$(firstword $(origin $(v)))),$(v)='$($(v))'))

# What DKMS needs to build the module, and no more. Read by "install" and by packaging/.
dkms_files := Makefile dkms.conf LICENSE src include
unwanted   := *.o *.ko *.mod *.mod.c .*.cmd .*.d modules.order Module.symvers compat_config.h \
	      .probe* probe.log .gitignore

# The DKMS source has none.
tools := $(wildcard tools/Makefile)

.PHONY: all modules probe tools tools-install install modules_install uninstall clean check \
	check-unit check-tools demo deb rpm dkms-source help

# The tools need libraries that the module does not: without them the module is built alone.
all: modules
ifneq ($(tools),)
	@if $(MAKE) -s -C tools deps; then $(MAKE) -C tools; \
		else echo "$(name): the module is there, its tools are not"; fi
endif

modules: probe
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src modules

probe:
	@src/compat/probe.sh $(KDIR) $(kbuild_vars)

tools:
	$(MAKE) -C tools

tools-install:
	$(MAKE) -C tools install

# ---- Installing ----

# The source as DKMS wants it, below $(DESTDIR).
dkms-source:
	rm -rf $(DESTDIR)$(srcdir)
	mkdir -p $(DESTDIR)$(srcdir)
	tar -c $(patsubst %,--exclude='%',$(unwanted)) $(wildcard $(dkms_files)) | \
		tar -x --no-same-owner -C $(DESTDIR)$(srcdir)

# Without DESTDIR: build and install for the running kernel, or KVER's, and leave the others
# and those to come to DKMS, which refuses a kernel that has the module already. With DESTDIR: files only.
install:
ifeq ($(DESTDIR),)
	@command -v $(DKMS) >/dev/null 2>&1 || { echo "$(name): dkms is not installed: install the" \
		"package dkms, or use 'make modules_install' for this kernel alone" >&2; exit 1; }
	@test -f $(KDIR)/Makefile || src/compat/probe.sh $(KDIR)
	@$(dkms_remove)
	@$(call remove_modules,$(KVER))
	$(MAKE) dkms-source
	$(DKMS) add $(name)/$(version)
	$(DKMS) install $(name)/$(version) -k $(KVER)
else
	$(MAKE) dkms-source
endif
ifneq ($(tools),)
	@if $(MAKE) -s -C tools deps; then $(MAKE) -C tools install; \
		else echo "$(name): the module is installed, its tools are not"; fi
endif

# Every kernel's copy of this version, if DKMS has any.
dkms_remove = if $(DKMS) status $(name)/$(version) 2>/dev/null | grep -q .; then \
	$(DKMS) remove $(name)/$(version) --all; fi

# Where below "/" a module goes that DKMS does not install; empty: into this system.
# The kernel's build system works elsewhere, so that a relative path would mean something else there.
stage = $(abspath $(DESTDIR)$(INSTALL_MOD_PATH))

# This kernel alone, without DKMS.
modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR)/src INSTALL_MOD_PATH='$(stage)' INSTALL_MOD_DIR=updates modules_install
	$(if $(stage),,$(DEPMOD) -a $(release))

# What "modules_install" has installed, for the kernels of this pattern.
remove_modules = for f in $(stage)/lib/modules/$(1)/updates/erofs_ishare.ko*; do \
	test -e "$$f" || continue; \
	echo "rm $$f"; rm -f "$$f" || exit 1; \
	dir=$$(dirname "$$f"); rmdir "$$dir" 2>/dev/null || :; \
	$(if $(stage),:,$(DEPMOD) -a "$$(basename "$$(dirname "$$dir")")") || exit 1; done

uninstall:
	$(if $(DESTDIR),,@$(dkms_remove))
	rm -rf $(DESTDIR)$(srcdir)
	@$(call remove_modules,*)
	$(if $(tools),$(MAKE) -C tools uninstall)

# ---- Packages ----

deb:
	packaging/debian/build $(version)

rpm:
	packaging/rpm/build $(version)

# ---- Tests ----

check:
	tests/check

check-unit:
	$(MAKE) -C tests/unit check

check-tools:
	tests/tools/run

.PHONY: check-debug check-hostile fuzz stress
# Memory errors, locks, leaks; then data races, where CPUs meet.
check-debug:
	tests/debug/run
	DEBUG_KERNEL=kcsan tests/debug/run races zraces storage

# N= images (12600: ten thousand are mounted with sharing), FROM= the first number
check-hostile:
	N=$(N) FROM=$(FROM) tests/hostile/run

# M= minutes (10)
stress:
	M=$(M) tests/stress/run

# T= seconds in total, for all drivers (600)
fuzz:
	$(MAKE) --no-print-directory -s -C tests/fuzz fuzz $(if $(T),T=$(T))

demo:
	tests/demo/demo

.PHONY: compare
compare:
	tests/compare/run

clean:
	find src \( $(foreach p,$(filter-out .gitignore .probe*,$(unwanted)),-name '$(p)' -o) \
		-name '.probe-stamp' \) -type f -delete
	rm -rf src/compat/.probe.*
	$(if $(tools),$(MAKE) -C tools clean)

help:
	@echo "make [modules]         build src/erofs_ishare.ko for the running kernel"
	@echo "  KVER=RELEASE           for another installed kernel"
	@echo "  KDIR=DIRECTORY         for the kernel headers or build tree in DIRECTORY"
	@echo "make tools             build erofs-ishare and mount.erofs-ishare, in tools/build"
	@echo "make install           install by DKMS (as root): this kernel now, later ones by themselves,"
	@echo "                       and the tools; make tools-install: the tools alone"
	@echo "make modules_install   install for this kernel alone, without DKMS"
	@echo "  DESTDIR=DIRECTORY      below DIRECTORY, for a package"
	@echo "make uninstall         undo 'make install' and 'make modules_install', for all kernels"
	@echo "make check             all tests;  check-unit, check-tools: those that need no kernel"
	@echo "make check-debug       on a debug kernel built from Debian's sources (KASAN, lockdep, kmemleak)"
	@echo "make check-hostile     damaged images on that kernel: N=12600 of them"
	@echo "make stress            a Debian root on overlays above shared mounts, worked hard: M=10 minutes"
	@echo "make fuzz              libFuzzer on decoders and codecs: T=600 seconds in total"
	@echo "make demo              see it work"
	@echo "make compare           this driver beside the in-tree one: what works, and what it costs"
	@echo "make deb | rpm         packages: the module for DKMS, and the tools"
	@echo "make probe | clean     ask the kernel for its APIs only | remove what was built"
