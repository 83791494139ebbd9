# extract with Oracle's libmysqlclient: compiled by the host against the
# library of the sid folder, and run in that folder, where its libc is.

load support/helpers

setup_file() {
	use_servers mysql
	"$ROOT/scripts/sample-shop" fill --seed 3 --rows 2000
	oracle_build
}
teardown_file() {
	rm -rf -- "$MILLRACE_SID/srv/millrace/flavour.$$"
	release_servers
}
setup() { cd_temp; }

oracle_build() {
	local inc=$MILLRACE_SID/usr/include b=$BATS_FILE_TMPDIR/build
	local lib=$MILLRACE_SID/usr/lib/$(gcc -print-multiarch)

	# The host's own headers come first, but for those of MySQL.
	env -u MAKEFLAGS -u MFLAGS -u SAN make -s -j2 -C "$ROOT" B="$b" \
	    extract_CFLAGS="-I$inc/mysql -idirafter $inc" \
	    extract_LIBS="$lib/libmysqlclient.so -Wl,--allow-shlib-undefined" \
	    "$b/bin/extract"
	export FLAVOUR=/srv/millrace/flavour.$$
	mkdir "$MILLRACE_SID$FLAVOUR"
	cp "$b/bin/extract" "$MILLRACE_TEST_TLS"/{ca,wrong-ca}.pem \
	    "$MILLRACE_SID$FLAVOUR/"
}

# extract of Oracle's flavour; its working folder is $FLAVOUR.
oracle_extract() {
	chroot "$MILLRACE_SID" sh -c 'cd "$0" && exec ./extract "$@"' \
	    "$FLAVOUR" "$@"
}

# What both have to give: all but the running numbers of a run.
records() {
	grep '^{"type":"RECORD"' | sed 's/"pos":\[[0-9,]*\],//'
}

@test "it is Oracle's library" {
	objdump -p "$MILLRACE_SID$FLAVOUR/extract" >out
	expect_match out 'NEEDED +libmysqlclient\.so'
	expect_not_in out libmariadb
}

@test "both flavours give the same bytes for every table" {
	for t in categories customers products inventory orders; do
		extract "$t" | records >host
		oracle_extract "$t" | records >oracle
		[ -s host ]
		cmp host oracle
	done
	extract --discover >host
	oracle_extract --discover >oracle
	expect_same oracle host
}

@test "TLS: the right authority and name pass" {
	MYSQL_SSL_CA=ca.pem run_stage oracle_extract categories
	cat err
	expect_status 0
}

# refused ARGUMENT...: extract says no, and the password never went out. A
# caching_sha2 login over TLS would send it inside; nothing may come.
refused() {
	run_stage oracle_extract categories
	[ "$status" -eq 100 ] || [ "$status" -eq 111 ] ||
	    fail "status $status" "$(cat out err)"
	[ ! -s out ]
}

@test "TLS: a wrong authority is refused" {
	export SYNC_MAX_RETRIES=0
	MYSQL_SSL_CA=wrong-ca.pem refused
}

@test "TLS: a wrong name is refused" {
	export SYNC_MAX_RETRIES=0
	relay_start --listen 127.0.0.2 "$MYSQL_HOST:$MYSQL_PORT"
	MYSQL_HOST=127.0.0.2 MYSQL_PORT=$relay_port MYSQL_SSL_CA=ca.pem refused
	relay_stop
}

@test "TLS: a server without TLS is refused before the login" {
	export SYNC_MAX_RETRIES=0
	relay_start --no-tls --sent sent "$MYSQL_HOST:$MYSQL_PORT"
	MYSQL_PORT=$relay_port MYSQL_SSL_CA=ca.pem refused
	relay_stop
	expect_not_in sent root
}
