# Singer: the public fixtures for targets run against load, and Singer's own
# checker over what extract prints. Both come from PyPI, of fixed versions,
# once; they are kept in the cache beside the servers.

load support/helpers

SDK=singer-sdk==0.54.9		# Meltano's, with its target_test_streams
TOOLS=singer-tools==0.4.1	# Stitch's, with singer-check-tap
GOLDEN=$ROOT/tests/golden/singer
LOAD=$ROOT/bin/load		# `load` is a word of bats
EXTRACT=$ROOT/bin/extract
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/millrace/singer

setup_file() {
	use_servers
	fetch || {
		echo "Singer's packages can't be had from PyPI" >&2
		return 1
	}
}
teardown_file() { release_servers; }
setup() { cd_temp; }

# The fixtures to $CACHE/streams, the checker to $CACHE/venv.
fetch() {
	local tmp

	[ ! -e "$CACHE/$SDK $TOOLS" ] || return 0
	rm -rf "$CACHE"
	mkdir -p "$CACHE"
	tmp=$(mktemp -d)
	/usr/bin/python3 -m venv "$CACHE/venv" &&
	    "$CACHE/venv/bin/pip" -q --disable-pip-version-check download \
	    --no-deps -d "$tmp" "$SDK" &&
	    /usr/bin/python3 -m zipfile -e "$tmp"/*.whl "$tmp/sdk" &&
	    cp -r "$tmp/sdk/singer_sdk/testing/target_test_streams" \
	    "$CACHE/streams" &&
	    "$CACHE/venv/bin/pip" -q --disable-pip-version-check install \
	    "$TOOLS" 2>"$tmp/err" && : >"$CACHE/$SDK $TOOLS" ||
	    { cat "$tmp/err" >&2; rm -rf "$tmp"; return 1; }
	rm -rf "$tmp"
}

# Every document of the database, a line each.
dump() {
	local c

	for c in $(mongo_q list | LC_ALL=C sort); do
		mongo_q find "$c" | sed -E "s/^/$c /
		    s/\"_id\":\\{\"\\\$oid\":\"[0-9a-f]{24}\"\\}/\"_id\":OID/"
	done | LC_ALL=C sort
}

# Compare ./$1 with the expected; UPDATE=1 replaces that.
same_as() {
	if [ -n "${UPDATE-}" ]; then
		rm -f "$2"
		[ ! -s "$1" ] || cp "$1" "$2"
	fi
	[ -e "$2" ] || set -- "$1" /dev/null
	diff -u "$2" "$1" >&2
}

@test "each of the public fixtures" {
	n=0
	for f in "$CACHE"/streams/*.singer; do
		name=$(basename "$f" .singer)
		mongo_q drop
		run_stage "$LOAD" <"$f"
		echo "$status" >rc
		dump >docs
		mkdir -p "$GOLDEN/$name"
		for part in docs out rc; do
			same_as $part "$GOLDEN/$name/$part" ||
			    fail "in $name:" "$(cat err)"
		done
		n=$((n + 1))
	done
	expect_equal "$n" 20
}

@test "no_primary_keys: what comes twice is there twice" {
	for f in no_primary_keys no_primary_keys_append; do
		run_stage "$LOAD" <"$CACHE/streams/$f.singer"
		expect_status 0
	done
	expect_equal "$(mongo_q count test_no_pk)" 8
}

@test "singer-check-tap passes on what extract prints" {
	"$ROOT/scripts/sample-shop" fill --seed 3 --rows 2000

	# The checker takes times through a C double: this one it rounds up,
	# into the year 10000.
	mysql_q "UPDATE orders SET paid_at = NULL, updated_at = updated_at
	    WHERE paid_at > '9999-01-01'"
	for t in categories customers products inventory orders; do
		run_stage "$EXTRACT" "$t"
		expect_status 0
		"$CACHE/venv/bin/singer-check-tap" <out >checked ||
		    fail "$t: $(cat checked)"
		expect_match checked "\\| $t +\\| $(mysql_q \
		    "SELECT COUNT(*) FROM $t") +\\|"
	done
}
