# The project as somebody gets it: it builds alone, installs whole, and its
# pages can be read. Needs no servers.

load support/helpers

PROGRAMS="extract transform load"

setup() { cd_temp; }

# The sources without what was built, as in a fresh clone.
copy_sources() {
	mkdir src
	tar -C "$ROOT" --exclude=./.git --exclude=./bin --exclude=./build \
	    -cf - . | tar -C src -xf -
}

# The same built, once for all tests.
copy_built() {
	[ -d "$BATS_FILE_TMPDIR/src" ] || build
	cp -a "$BATS_FILE_TMPDIR/src" .
}

# Time at work on two processors, so that a busy machine may be slow.
build() {
	(
		cd "$BATS_FILE_TMPDIR"
		copy_sources
		unshare --net env -u MAKEFLAGS -u MFLAGS -u SAN \
		    make -s -C src -j2 all
		times >times
	)
}

# make without the make that runs the tests.
make_clean() {
	env -u MAKEFLAGS -u MFLAGS -u SAN make "$@"
}

@test "folders include only what they may, programs link only theirs" {
	run_stage "$ROOT/scripts/check-deps"
	cat out
	expect_status 0
}

@test "manual pages are clean" {
	for p in $PROGRAMS; do
		[ -f "$ROOT/$p/$p.1" ] || fail "no page $p.1"
	done
	for page in "$ROOT"/*/*.[1-8]; do
		mandoc -T lint -W warning "$page" >>lint || true
	done
	cat lint
	[ ! -s lint ]
	for p in $PROGRAMS; do
		mandoc -T ascii "$ROOT/$p/$p.1" | sed 's/.\x08//g' >page
		for code in 0 99 100 111; do
			expect_match page "^ +$code( |$)"
		done
	done
}

@test "every program tells its settings and its version" {
	for p in $PROGRAMS; do
		run_stage "$p" --help
		expect_status 0
		expect_match out '^usage: '
		expect_match out '^Settings'
		run_stage "$p" --version
		expect_status 0
		expect_in out "$(cat "$ROOT/VERSION")"
		run_stage "$p" --no-such-option
		expect_status 100
		expect_equal "$(wc -c <out)" 0
	done
}

@test "a full disk under the help is no success" {
	for p in $PROGRAMS; do
		status=0
		"$p" --help >/dev/full 2>err || status=$?
		[ "$status" -ne 0 ] || fail "$p --help >/dev/full gives 0"
	done
}

@test "make builds without network in under 30 seconds" {
	copy_built
	cp "$BATS_FILE_TMPDIR/times" .
	took=$(tail -n 1 times | awk '{ split($1, u, /[ms]/)
	    split($2, s, /[ms]/)
	    printf "%d", (u[1] * 60 + u[2] + s[1] * 60 + s[2]) / 2 }')
	[ "$took" -lt 30 ] || fail "took $took s"
	for p in $PROGRAMS; do
		[ -x "src/bin/$p" ]
	done
	make_clean -C src all >out
	expect_not_in out "-c -o"
}

@test "make install, use from there, make uninstall" {
	copy_built
	make_clean -s -C src PREFIX="$PWD/local" install
	for p in $PROGRAMS; do
		[ -x "local/lib/millrace/bin/$p" ]
		[ -f "local/share/man/man1/$p.1" ]
	done
	[ -f local/share/man/man5/record.5 ]
	[ -f local/share/man/man5/schema.5 ]
	mkdir elsewhere
	cd elsewhere
	run_stage ../local/lib/millrace/bin/transform --check
	cat err
	expect_status 0
	cd ..
	make_clean -s -C src PREFIX="$PWD/local" uninstall
	find local -type f >left
	cat left
	[ ! -s left ]
}

@test "make install under DESTDIR touches nothing else" {
	copy_built
	make_clean -s -C src DESTDIR="$PWD/pkg" PREFIX=/usr install
	[ -x pkg/usr/lib/millrace/bin/extract ]
	make_clean -s -C src DESTDIR="$PWD/pkg" PREFIX=/usr uninstall
	[ -z "$(find pkg -type f)" ]
	make_clean -s -C src clean
	[ ! -e src/bin ] && [ ! -e src/build ]
}

@test "scripts/deps says what it needs, and that it is there" {
	run_stage "$ROOT/scripts/deps" --check
	expect_status 0
	run_stage "$ROOT/scripts/deps" --list
	expect_in out libmongoc-dev
}
