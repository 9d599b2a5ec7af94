# Forwards to Meson; see CONTRIBUTING.md.
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60

all:
	@scripts/deps.sh build
	@test -f build/build.ninja || meson setup build --buildtype=release --prefix=$(PREFIX) >/dev/null
	@ninja -C build ictus

demo: all
	build/ictus scan --format table --top 3 samples/office-day

check:
	@scripts/deps.sh check
	@python3 scripts/check.py

golden: all
	scripts/golden.sh --record

bench: all
	@python3 bench/bench.py build
	@python3 bench/packets.py build
	@python3 bench/detection.py build

fuzz:
	@scripts/deps.sh fuzz
	@scripts/fuzz.sh $(FUZZ_SECONDS)

install: all
	meson install -C build

format:
	git ls-files '*.[ch]' | xargs clang-format -i

clean:
	rm -rf build build-check build-fuzz

.PHONY: all demo check golden bench fuzz install format clean
