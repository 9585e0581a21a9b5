# The two commands of the README are `make run` and `make test`; each sets up what it needs, on a machine that has only make,
# npm and any Node: the Node that runs this project comes with `npm ci`.

PREFIX ?= /opt/belledonne-communications
SYSCONFDIR ?= /etc
UNITDIR ?= $(SYSCONFDIR)/systemd/system
DESTDIR ?=

SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
READY := node_modules/.ready

.PHONY: run test lint types interop e2e soak churn load call-rate proxy-load bench bench-calls install clean

$(READY): package.json package-lock.json
	@# npm must not run on the Node that it is replacing
	@PATH='$(SYSTEM_PATH)' npm ci --no-audit --no-fund --loglevel=error
	@node --version >/dev/null 2>&1 || $(MAKE) --no-print-directory libatomic
	@node -e 'if (parseInt(process.versions.node) < 24) { console.error("Node >= 24 is needed and npm brought none for this platform; found " + process.version); process.exit(1) }'
	@touch $@

# Node 26 is linked against libatomic, which a minimal Debian lacks.
.PHONY: libatomic
libatomic:
	@echo 'The Node that npm brought does not run here without libatomic1; installing it.'
	@if [ "$$(id -u)" = 0 ]; then apt-get install -y libatomic1; else sudo -n apt-get install -y libatomic1; fi || \
	  { echo 'Run as root: apt-get install libatomic1   and then make again.'; exit 1; }

run: $(READY)
	@exec node src/main.ts --server all -c etc/flexisip.conf \
	  --set b2bua-server/data-directory=out/data --set global/log-directory=out/log $(ARGS)

test: $(READY)
	npm test --silent

lint: $(READY)
	npm run --silent lint

types: $(READY)
	npm run --silent types

# Real phones, a real proxy, and load: see test/interop/README.md. Root, in a network namespace of their own.
interop: $(READY)
	test/interop/namespace.sh node --test --test-concurrency=1 'test/interop/*.test.ts'

# The browser of the tests is Debian's chromium: test/interop/install-peers.sh --web installs it.
e2e: $(READY)
	test/interop/namespace.sh node --test --test-concurrency=1 'test/e2e/*.test.ts'

load: $(READY)
	test/interop/namespace.sh node --test test/soak/load.test.ts

# RATE, SECONDS and TRANSPORT (tcp,udp) change it.
call-rate: $(READY)
	test/interop/namespace.sh node --test test/soak/call-rate.test.ts

proxy-load: $(READY)
	test/interop/namespace.sh node --test test/soak/proxy-load.test.ts

# SOAK_MINUTES=n for another time than half an hour; what it found is in out/interop/mixed-soak/report.md afterwards.
soak: $(READY)
	test/interop/namespace.sh node --test test/soak/mixed-soak.test.ts

churn: $(READY)
	test/interop/namespace.sh node --test test/soak/churn.test.ts

# CALLS (800) that talk at a time for MINUTES (1): needs a C compiler
bench-calls: $(READY)
	test/interop/namespace.sh node --test test/soak/bench-calls.test.ts

bench: $(READY)
	@for file in test/bench/*.bench.ts; do echo "== $$file"; node $$file; done

# The program and its own Node under PREFIX, the unit and the sample files where an operator of a Flexisip expects them.
# Files that an operator may have edited are left alone. All is readable to the user that the service runs as.
LIB := $(DESTDIR)$(PREFIX)/lib/flexisip-b2bua
BIN := $(DESTDIR)$(PREFIX)/bin
DOC := $(DESTDIR)$(PREFIX)/share/doc/flexisip-b2bua
ETC := $(DESTDIR)$(SYSCONFDIR)

install:
	install -d $(LIB) $(BIN) $(DOC)/docs $(DESTDIR)$(UNITDIR) $(ETC)/flexisip $(ETC)/logrotate.d \
	  $(DESTDIR)/usr/lib/sysusers.d $(DESTDIR)/usr/lib/tmpfiles.d
	rm -rf $(LIB)/src $(LIB)/proxy-module
	cp -r src proxy-module package.json package-lock.json .npmrc LICENSE $(LIB)/
	cd $(LIB) && PATH='$(SYSTEM_PATH)' npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
	chmod -R u=rwX,go=rX $(LIB)
	install -m 755 etc/flexisip-b2bua.sh $(BIN)/flexisip-b2bua
	$(BIN)/flexisip-b2bua --version || { echo 'The Node that npm brought does not run here: apt-get install libatomic1'; exit 1; }
	install -m 644 README.md CHANGELOG.md SECURITY.md etc/flexisip.conf $(DOC)/
	install -m 644 docs/*.md $(DOC)/docs/
	sed 's|/opt/belledonne-communications/\(bin\|share\)|$(PREFIX)/\1|' etc/systemd/flexisip-b2bua.service \
	  > $(DESTDIR)$(UNITDIR)/flexisip-b2bua.service
	chmod 644 $(DESTDIR)$(UNITDIR)/flexisip-b2bua.service
	install -m 644 etc/sysusers.d/flexisip-b2bua.conf $(DESTDIR)/usr/lib/sysusers.d/
	install -m 644 etc/tmpfiles.d/flexisip-b2bua.conf $(DESTDIR)/usr/lib/tmpfiles.d/
	test -e $(ETC)/flexisip/flexisip-b2bua.conf || install -m 644 etc/flexisip-b2bua.conf $(ETC)/flexisip/
	test -e $(ETC)/logrotate.d/flexisip-b2bua || install -m 644 etc/logrotate.d/flexisip-b2bua $(ETC)/logrotate.d/

clean:
	rm -rf node_modules dist out
