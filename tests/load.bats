# load: real documents in a real server, and what it says when one errs.

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }
setup() { cd_temp; }

GOLDEN=$ROOT/tests/golden/load
LOAD=$ROOT/bin/load	# `load` is a word of bats

# Compare ./$1 with the case's; UPDATE=1 replaces that.
same_as() {
	if [ -n "${UPDATE-}" ]; then
		rm -f "$2"
		[ ! -s "$1" ] || cp "$1" "$2"
	fi
	[ -e "$2" ] || set -- "$1" /dev/null
	diff -u "$2" "$1" >&2
}

# The folders of tests/golden/load: args, in, and what comes out of them. Each
# case has a database; all are filled, and read, at once. Keys that load makes
# differ each time.
run_cases() {
	local c dbs=()

	for c in $cases; do
		dbs+=("${MONGODB_DATABASE}_$c")
		[ ! -e "$GOLDEN/$c/before" ] || sed \
		    "s/^/${MONGODB_DATABASE}_$c /" "$GOLDEN/$c/before"
	done >before
	mongo_q restore "${dbs[@]}" <before
	for c in $cases; do
		mkdir -p "$c"
		: >"$c/docs"
		(cd "$c" && run_case "$c") || fail "in $GOLDEN/$c" || return
	done
	mongo_q dump "${dbs[@]}" |
	    sed -E 's/"_id":\{"\$oid":"[0-9a-f]{24}"\}/"_id":OID/
		s/^[^ ]*_([^ _]*) /\1 /' | LC_ALL=C sort |
	    awk '{ f = $1 "/docs"; sub(/^[^ ]* /, ""); print >f }'
}

run_case() {
	rm -f rejects conflicts
	MONGODB_DATABASE=${MONGODB_DATABASE}_$1 run_stage "$LOAD" \
	    $(cat "$GOLDEN/$1/args") <"$GOLDEN/$1/in"
	sed -nE 's/.*"operation":"(load|dry-run)",(.*),"duration.*/\2/p
	    s/.*"level":"error".*"message":(.*)\}/\1/p' err >said
	expect_status "$(cat "$GOLDEN/$1/rc")"
}

@test "golden: each folder of tests/golden/load" {
	cases=$(ls "$GOLDEN")
	run_cases
	for c in $cases; do
		for f in docs out said rejects conflicts; do
			[ -e "$c/$f" ] || : >"$c/$f"
			same_as "$c/$f" "$GOLDEN/$c/$f" || fail "in $GOLDEN/$c"
		done
		mv "$c/docs" "$c/docs.1000"
	done
	# The documents don't depend on how the writes are cut into batches.
	SYNC_BATCH_SIZE=1 run_cases
	for c in $cases; do
		expect_same "$c/docs" "$c/docs.1000"
	done
	mongo_q restore $(printf "${MONGODB_DATABASE}_%s " $cases) </dev/null
}

# --- A server that says what it is told to say ---------------------------

# sink [SCRIPT-LINE ...]: start mongosink with this script.
sink() {
	sink_stop
	rm -f sink.port sink.log
	printf '%s\n' "$@" >sink.script
	"$ROOT/build/support/mongosink" --port-file sink.port \
	    --script sink.script --log sink.log ${SINK_OPTIONS-} 3>&- 8>&- &
	sink_pid=$!
	wait_until test -s sink.port
	export MONGODB_URI=mongodb://127.0.0.1:$(cat sink.port)/
	export SYNC_RETRY_DELAY=0
}

sink_stop() {
	[ -z "${sink_pid-}" ] || kill "$sink_pid" 2>/dev/null || true
	sink_pid=
}

teardown() {
	sink_stop
}

# rows N: a stream of N rows with a STATE behind them.
rows() {
	cat <<-'E'
	{"type":"SCHEMA","stream":"t","schema":{"properties":{"id":{"type":"integer"},"v":{"type":"string"}}},"key_properties":["id"]}
	E
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "{" \
	    "\"type\":\"RECORD\",\"stream\":\"t\",\"pos\":[7,%d]," \
	    "\"record\":{\"id\":%d,\"v\":\"value %d\"}}\n", i, i, i }'
	echo '{"type":"STATE","value":{"at":'$1'},"records":'$1'}'
}

# rows_file N [COMMAND ...]: the same in a file, through COMMAND. (From a pipe
# the rows come in pieces, and so do the batches.)
rows_file() {
	local n=$1 f

	shift
	f=$(mktemp -p .)
	rows "$n" | "${@:-cat}" >"$f"
	echo "$f"
}

# sent COMMAND: the numbers of writes in such commands, in turn.
sent() {
	sed -n "s/^$1 \([0-9]*\) .*/\1/p" sink.log | xargs
}

# counted NAME: a number in the line about the table.
counted() {
	sed -nE "s/.*\"operation\":\"load\".*\"$1\":([0-9]+).*/\1/p" err
}

@test "errors of writes count in an answer that says ok: 1" {
	sink "insert 1 write 1:121"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 100
	expect_equal "$(cat out)" ""
	expect_in err "standard input:3: t: the server refuses the document: error 121 (DocumentValidationFailure)"
	expect_not_in err "value 2"

	sink "insert 1 write 1:121"
	run_stage "$LOAD" --rejects rejects <"$(rows_file 3)"
	expect_status 0
	expect_equal "$(cat out)" '{"at":3}'
	expect_equal "$(sent insert)" 3
	expect_equal "$(counted records_rejected)" 1
	expect_equal "$(counted records_created)" 2
	expect_in rejects '"record":{"id":2,"v":"value 2"},"reject":{"stage":"load","rule":"server","reason":"the server refuses the document: error 121 (DocumentValidationFailure): told to fail","line":3}}'
}

# Each code of the table as the error of a write, as that of the command, and
# as a writeConcernError; what happens is the same for all of a class.
RETRY="1 6 7 24 46 50 64 89 91 112 133 134 189 216 262 365 402 407 412 453
    9001 10058 10107 11600 11602 13435 13436 16908292"
CRITICAL="11 13 18 20 33 59 61 72 73 79 100 101 115 140 141 166 322 323 324
    8000 10003"
DATA="2 9 14 22 28 52 53 54 55 56 57 66 121 171 201 283 357 378 10334 17419
    17420 525074461"
OVERLOAD="433 449 450 462"
BLOCKED="117 215 371 14031"

@test "transient errors: the writes are sent again" {
	for code in $RETRY; do
		sink "insert 1 write 1:$code"
		run_stage "$LOAD" <"$(rows_file 3)"
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 3 1 {\"at\":3}"
	done
	for code in $RETRY; do
		sink "insert 1 error $code"
		run_stage "$LOAD" <"$(rows_file 3)"
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 3 3 {\"at\":3}"
	done
	sink "insert * error 91"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 111
	expect_equal "$(sent insert) $(cat out)" "3 3 3 3 "
	expect_in err "giving up after 3 retries"
}

@test "a writeConcernError: nothing is acknowledged, all is sent again" {
	for code in 64 91 189 10107 4242; do
		sink "insert 1 unsure $code"
		run_stage "$LOAD" <"$(rows_file 3)"
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 3 3 {\"at\":3}"
	done
	sink "insert * unsure 64"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 111
	expect_equal "$(sent insert) $(cat out)" "3 3 3 3 "
	for code in 79 100; do
		sink "insert 1 unsure $code"
		run_stage "$LOAD" <"$(rows_file 3)"
		expect_status 100
		expect_equal "$(sent insert) $(cat out)" "3 "
	done
}

@test "critical errors stop, and nothing is acknowledged" {
	for code in $CRITICAL; do
		for form in "error $code" "write 1:$code"; do
			sink "insert 1 $form"
			run_stage "$LOAD" --rejects rejects <"$(rows_file 3)"
			expect_status 100
			expect_equal "$form $(sent insert) $(cat out)" \
			    "$form 3 "
			expect_in err "\"code\":$code"
		done
	done
}

@test "data errors: the document is found and set apart" {
	for code in $DATA; do
		rm -f rejects
		sink "insert 1 write 1:$code"
		run_stage "$LOAD" --rejects rejects <"$(rows_file 3)"
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 3 {\"at\":3}"
		expect_in rejects '"id":2'
		expect_lines rejects 3
	done

	# For the command as a whole: halves, until it is one.
	rm rejects
	sink "insert 1 error 10334" "insert 2 error 10334" \
	    "insert 3 error 10334"
	run_stage "$LOAD" --rejects rejects <"$(rows_file 4)"
	expect_status 0
	expect_equal "$(sent insert) $(cat out)" "4 2 1 1 1 1 {\"at\":4}"
	expect_in rejects '"id":1'
	expect_lines rejects 3
}

@test "an overloaded server gets less, and later" {
	for code in $OVERLOAD; do
		sink "insert 1 error $code"
		SYNC_RETRY_DELAY=1 run_stage "$LOAD" <"$(rows_file 4)"
		expect_status 0
		expect_equal "$code $(cat out)" "$code {\"at\":4}"
	done
	sink "insert 1 error 4242 SystemOverloadedError RetryableError"
	SYNC_RETRY_DELAY=1 SYNC_BATCH_SIZE=4 run_stage "$LOAD" <"$(rows_file 4)"
	expect_status 0
	expect_in err "is overloaded"
}

@test "a server that takes long gets less at a time, and more again" {
	sink "insert 1 delay 6000"
	run_stage "$LOAD" <"$(rows_file 5000)"
	expect_status 0
	expect_equal "$(cat out)" '{"at":5000}'
	set -- $(sent insert)
	[ "$1" -eq 1000 ] && [ "$2" -le 833 ] && [ "$3" -gt "$2" ]
	expect_in err "1000 writes took"
}

@test "a server that takes no writes is asked until it does" {
	for code in $BLOCKED; do
		sink "insert 1 error $code" "insert 2 error $code" \
		    "insert 3 write 0:$code"
		SYNC_MAX_RETRIES=0 run_stage "$LOAD" <"$(rows_file 2)"
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 2 2 2 1 {\"at\":2}"
	done
}

@test "an unknown error stops after a few tries, and never drops" {
	sink "insert * write 0:4242"
	run_stage "$LOAD" --rejects rejects <"$(rows_file 3)"
	expect_status 100
	expect_equal "$(sent insert) $(cat out)" "3 1 1 1 "
	sink "insert * error 4242"
	run_stage "$LOAD" --rejects rejects <"$(rows_file 3)"
	expect_status 100
	expect_equal "$(sent insert) $(cat out)" "3 3 3 3 "
	sink "insert 1 error 4242 RetryableWriteError"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 0
}

@test "a connection that breaks: all is sent again" {
	sink "insert 1 drop"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 0
	expect_equal "$(sent insert) $(cat out)" "3 3 {\"at\":3}"
	sink "insert * drop"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 111
	expect_equal "$(cat out)" ""
	sink "ping * drop"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 111
	sink_stop
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 111
	expect_equal "$(cat out)" ""
}

@test "an answer that doesn't add up stops everything" {
	for count in 2 4 -1; do
		sink "insert 1 count $count"
		run_stage "$LOAD" <"$(rows_file 3)"
		expect_status 100
		expect_equal "$(cat out)" ""
	done
	sink "insert 1 write 3:11000"
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 100
}

@test "no line of the log has a value, a password or a connection string" {
	sink "insert 1 write 1:121" "insert 2 error 91"
	MONGODB_URI="mongodb://user:geheim@127.0.0.1:$(cat sink.port)/?authMechanism=PLAIN" \
	    SYNC_MAX_RETRIES=1 run_stage "$LOAD" --rejects r <"$(rows_file 3)"
	expect_not_in err geheim
	expect_not_in err "value 2"
	MONGODB_URI="mongodb://user:gehe/im@127.0.0.1/" \
	    run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 100
	expect_not_in err gehe
	MONGODB_URI="mongodb://user:geheim@127.0.0.1/?tls=maybe" \
	    run_stage "$LOAD" <"$(rows_file 3)"
	expect_not_in err gehe
}

# --- Acknowledgements -----------------------------------------------------

@test "acknowledgements to a file are whole, and the newest" {
	run_stage "$LOAD" --ack state <"$(rows_file 3)"
	expect_status 0
	expect_equal "$(cat out)" ""
	expect_equal "$(cat state)" '{"at":3}'
	expect_equal "$(stat -c %a state)" 600
	expect_equal "$(ls -A | grep -c new)" 0

	# While it goes on, a reader sees only whole values.
	SYNC_BATCH_SIZE=10 "$LOAD" --ack state 2>err \
	    < <(for i in $(seq 30); do rows 10; done) 3>&- &
	while kill -0 $! 2>/dev/null; do
		grep -qx '{"at":[0-9]*}' state || fail "$(cat state)"
	done
	wait $! || fail "$(cat err)"
}

@test "acknowledgements to a FIFO, line by line" {
	mkfifo -m 600 fifo
	cat fifo >got &
	{ rows 2; sleep 0.3; rows 3; } | "$LOAD" --ack fifo >out 2>err
	wait $!
	expect_equal "$(cat got)" $'{"at":2}\n{"at":3}'
	expect_equal "$(cat out)" ""

	# Nobody reads: that is temporary; not a FIFO: it isn't.
	run_stage "$LOAD" --ack fifo <"$(rows_file 1)"
	expect_status 111
	run_stage "$LOAD" --ack /dev/null <"$(rows_file 1)"
	expect_status 100

	# A reader that goes away.
	head -n 1 fifo >got &
	{ rows 2; sleep 0.5; rows 3; } | { "$LOAD" --ack fifo >out 2>err ||
	    echo $? >rc; }
	expect_equal "$(cat rc) $(cat got)" '111 {"at":2}'
}

@test "a full disk is no success" {
	status=0
	"$LOAD" <"$(rows_file 2)" >/dev/full 2>err || status=$?
	expect_status 111
	expect_in err "write standard output"
	status=0
	"$LOAD" --rejects /dev/full 2>err >out <"$(rows_file 2 sed 's/"value 2"/5/')" || status=$?
	expect_status 111
	expect_equal "$(cat out)" ""
	status=0
	"$LOAD" --ack /dev/full 2>err <"$(rows_file 2)" || status=$?
	expect_status 100
	status=0
	"$LOAD" --help >/dev/full 2>err || status=$?
	expect_status 111
}

@test "a STATE doesn't wait for a full batch when the input is idle" {
	mkfifo in
	"$LOAD" <in >out 2>err &
	exec 8>in
	rows 2 >&8
	wait_until grep -q '"at":2' out
	rows 3 >&8
	wait_until grep -q '"at":3' out
	exec 8>&-
	wait $!
}

@test "SIGTERM: what was read is written and acknowledged, exit 99" {
	mkfifo in
	mongo_q drop t
	"$LOAD" <in >out 2>err &
	pid=$!
	exec 8>in
	{ rows 2; rows 5 | sed '$d'; } >&8
	wait_until grep -q '"at":2' out
	kill $pid
	status=0
	wait $pid || status=$?
	expect_status 99
	expect_equal "$(cat out)" '{"at":2}'
	expect_equal "$(mongo_q count t '{"_id":{"$lte":5}}')" 5
	exec 8>&-

	# Also while it waits for a server that is away.
	sink "ping * drop"
	SYNC_RETRY_DELAY=30 "$LOAD" <"$(rows_file 2)" >out 2>err &
	pid=$!
	wait_until grep -q "trying again" err
	kill $pid
	status=0
	wait $pid || status=$?
	expect_status 99
	expect_equal "$(cat out)" ""
}

# --- Order and repetition -------------------------------------------------

@test "replayed, late and doubled records never overwrite newer ones" {
	for seed in 1 2 3 4 5; do
		mongo_q drop t
		"$SUPPORT/shuffle" $seed >in 2>expected
		SYNC_BATCH_SIZE=7 run_stage "$LOAD" <in
		expect_status 0
		mongo_q find t '{}' '{"_id":1,"v":1}' >got
		expect_same got expected
		run_stage "$LOAD" <in
		expect_status 0
		mongo_q find t '{}' '{"_id":1,"v":1}' >got
		expect_same got expected
	done
}

@test "a deletion that is older than the document, or as old, by version" {
	put() {
		{
			echo '{"type":"SCHEMA","stream":"old","schema":{"properties":{"id":{"type":"integer"},"at":{"type":"string","format":"date-time"}}},"key_properties":["id"],"bookmark_properties":["at"]'$1'}'
			cat
			echo '{"type":"STATE","value":1}'
		} >in
		run_stage "$LOAD" <in
		expect_status 0
	}
	row() {
		echo '{"type":"RECORD","stream":"old","op":"'$1'","at":"2026-01-02T03:04:0'$2'Z","pos":['$3'],"record":{"id":1'${4-}'}}'
	}
	left() { mongo_q find old '{}' '{"_id":0,"at":1}'; }
	full=',"at":"2026-01-02T03:04:05Z"'
	for policy in mirror mark; do
		p=',"deletes":"'$policy'"'
		mongo_q drop old

		# Later by its time, but not by its place: stale.
		row r 5 7,5 "$full" | put "$p"
		row d 9 7,4 | put "$p"
		expect_in err '"records_stale":1'
		row d 9 6,9 | put "$p"
		expect_in err '"records_stale":1'
		expect_equal "$(left)" \
		    '{"at":{"$date":{"$numberLong":"1767323045000"}}}'
		expect_not_in err '"conflicts_target":1'

		# As old: the same state of the row, so it counts.
		row d 5 7,5 | put "$p"
		expect_not_in err '"records_stale":1'
	done
	expect_equal "$(mongo_q count old '{"_sync.deleted":{"$exists":1}}')" 1

	# A write that is older than the deletion finds nothing to be
	# compared with, but for a mark. The manual says so.
	row u 6 7,4 "$full" | put ',"deletes":"mark"'
	expect_in err '"records_stale":1'
	row d 7 7,9 | put
	expect_equal "$(mongo_q count old)" 0
	row u 6 7,4 "$full" | put
	expect_equal "$(mongo_q count old)" 1
}

@test "what becomes of deleted rows: by setting, by the SCHEMA" {
	try() {
		mongo_q drop kept-rows
		printf '%s\n' '{"type":"SCHEMA","stream":"kept-rows","schema":{"properties":{"id":{"type":"integer"}}},"key_properties":["id"]'$1'}' \
		    '{"type":"RECORD","stream":"kept-rows","pos":[7,1],"record":{"id":1}}' \
		    '{"type":"STATE","value":1}' \
		    '{"type":"RECORD","stream":"kept-rows","op":"d","pos":[7,2],"record":{"id":1}}' \
		    '{"type":"STATE","value":2}' >in
		shift
		status=0
		env "$@" "$LOAD" <in >out 2>err || status=$?
	}
	left() { mongo_q find kept-rows '{}' | sed 's/.*"deleted".*/marked/'; }
	try ''
	expect_equal "$(left)" ''
	try ',"deletes":"mark"'
	expect_equal "$(left)" marked
	expect_in err '"records_marked":1'
	try ',"deletes":"mark"' SYNC_DELETES=mirror
	expect_equal "$(left)" ''
	try ',"deletes":"mark"' SYNC_DELETES=mirror SYNC_KEPT_ROWS_DELETES=ignore
	expect_equal "$(mongo_q count kept-rows '{"_sync.deleted":null}')" 1
	expect_in err '"records_ignored":1'
	try '' SYNC_DELETES=drop
	expect_status 100
	expect_in err 'SYNC_DELETES: \"drop\" is none of mirror, mark, ignore'
	try '' SYNC_KEPT_ROWS_DELETES=drop
	expect_status 100
	expect_in err 'SYNC_..._DELETES'
	try ',"deletes":"mark"' LOG_LEVEL=info
	expect_status 0
	run_stage "$LOAD" --dry-run <in
	expect_in err '"records_marked":1'
}

@test "kill -9 and the same again, 20 times: equal, nothing twice" {
	"$ROOT/tests/support/shuffle" 99 20000 >in 2>expected
	for n in $(seq 20); do
		[ $((n % 5)) -ne 1 ] || mongo_q drop t
		"$LOAD" --ack state <in >/dev/null 2>err &
		sleep 0.$((RANDOM % 3))$((RANDOM % 10))
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	run_stage "$LOAD" <in
	expect_status 0
	mongo_q find t '{}' '{"_id":1,"v":1}' >got
	expect_same got expected
}

# The same in several connections: rows of a key keep their order, and what is
# acknowledged is there.
@test "several connections: the last row of each key stays" {
	local uri=$MONGODB_URI

	sink
	SYNC_CONNECTIONS=3 SYNC_BATCH_SIZE=50 run_stage "$LOAD" <"$(rows_file 1000)"
	expect_status 0
	expect_equal "$(tail -n 1 out)" '{"at":1000}'
	expect_equal "$(awk '/^insert/ { n += $2 } END { print n }' sink.log)" 1000
	expect_equal "$(grep -c '^isMaster\|^hello' sink.log)" 3

	# Without positions only the order of arrival decides.
	export MONGODB_URI=$uri
	mongo_q drop t
	rows 0 | head -n 1 >in
	awk 'BEGIN { srand(); for (i = 1; i <= 3000; i++) printf "{" \
	    "\"type\":\"RECORD\",\"stream\":\"t\",\"record\":" \
	    "{\"id\":%d,\"v\":\"%d\"}}\n", rand() * 60, i }' >>in
	echo '{"type":"STATE","value":{"at":3000},"records":3000}' >>in
	SYNC_CONNECTIONS=4 SYNC_BATCH_SIZE=7 run_stage "$LOAD" <in
	expect_status 0
	expect_equal "$(cat out)" '{"at":3000}'
	sed -n 's/.*"id":\([0-9]*\),"v":"\([0-9]*\)".*/\1 \2/p' in |
	    awk '{ v[$1] = $2 } END { for (i in v) print i, v[i] }' |
	    sort -n >expected
	mongo_q find t | sed -n 's/.*"_id":[^0-9]*\([0-9]*\).*"v":"\([0-9]*\)".*/\1 \2/p' |
	    sort -n >got
	expect_same got expected
}

@test "several connections: what is acknowledged is there, whatever happens" {
	rows 0 | head -n 1 >in
	seq 20000 | sed 's/.*/{"type":"RECORD","stream":"t","pos":[7,&],"record":{"id":&,"v":"&"}}/
	    0~10{p;s/.*"id":\([0-9]*\).*/{"type":"STATE","value":{"at":\1},"records":10}/}' >>in
	for n in $(seq 8); do
		mongo_q drop t
		SYNC_CONNECTIONS=3 SYNC_BATCH_SIZE=40 "$LOAD" <in >out 2>err &
		sleep 0.$((RANDOM % 3))$((RANDOM % 10))
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		at=$(sed -n 's/^{"at":\([0-9]*\)}$/\1/p' out | tail -n 1)
		expect_equal "$(mongo_q count t '{"_id":{"$lte":'"${at:-0}"'}}')" "${at:-0}"
		sed 's/[^0-9]//g' out | grep -v '^$' >acks || true
		sort -nu acks | cmp - acks
	done
	# The first command is lost: nothing behind its first row counts, which
	# is one of the first hundred, however far the others come.
	sink "insert 1 drop"
	SYNC_MAX_RETRIES=0 SYNC_CONNECTIONS=16 SYNC_BATCH_SIZE=40 \
	    run_stage "$LOAD" <in
	expect_status 111
	[ "$(sent insert | wc -w)" -ge 8 ]
	[ "$(sed -n 's/[^0-9]//gp' out | tail -n 1)0" -lt 1000 ]
	# Some that break: all is sent again.
	sink "insert 5 drop" "insert 6 write 3:11600 7:11600" "insert 9 drop"
	SYNC_CONNECTIONS=3 SYNC_BATCH_SIZE=40 run_stage "$LOAD" <in
	expect_status 0
	expect_equal "$(tail -n 1 out)" '{"at":20000}'
	expect_equal "$(counted records_created)" 20000
}

@test "another extract has started since: nothing more is acknowledged" {
	run_stage "$LOAD" <"$(rows_file 3 sed 's/"pos":\[7,/"pos":[8,/')"
	expect_status 0
	run_stage "$LOAD" --ack state <"$(rows_file 3)"
	expect_status 111
	expect_in err "another extract has started"
	[ ! -e state ]
	run_stage "$LOAD" <"$(rows_file 3)"
	expect_status 0
	expect_equal "$(counted records_stale)" 3
}

# --- TLS and credentials --------------------------------------------------

@test "TLS: the right authority and name, and nothing else" {
	[ -n "${MILLRACE_MONGODB_TLS_URI-}" ] || skip "no TLS on this server"
	export SYNC_MAX_RETRIES=0
	good=$MILLRACE_MONGODB_TLS_URI
	MONGODB_URI=$good run_stage "$LOAD" <"$(rows_file 2)"
	expect_status 0

	# Another authority than the server's.
	MONGODB_URI=${good/ca.pem/wrong-ca.pem} run_stage "$LOAD" <"$(rows_file 2)"
	expect_status 100
	expect_in err "certificate"
	MONGODB_URI=${good/&tlsCAFile=*/} run_stage "$LOAD" <"$(rows_file 2)"
	expect_status 100

	# Unverified only on request, and not in secret.
	for weak in tlsInsecure tlsAllowInvalidCertificates \
	    tlsAllowInvalidHostnames; do
		MONGODB_URI="$good&$weak=true" run_stage "$LOAD" <"$(rows_file 2)"
		expect_status 100
		expect_in err "$weak=true"
	done
	MONGODB_URI="${good/&tlsCAFile=*/}&tlsAllowInvalidCertificates=true" \
	    run_stage "$LOAD" --insecure <"$(rows_file 2)"
	expect_status 0
	expect_in err "--insecure: connections to"
}

@test "TLS: a server of another name, or without TLS, gets no password" {
	export SYNC_MAX_RETRIES=0
	tls=$MILLRACE_TEST_TLS
	uri="tls=true&tlsCAFile=$tls/ca.pem&connectTimeoutMS=1000"
	openssl s_server -accept 127.0.0.1:0 -cert "$tls/other-cert.pem" \
	    -key "$tls/other-key.pem" -www -msg >seen 2>&1 3>&- &
	pid=$!
	wait_until grep -q ACCEPT seen
	port=$(sed -n 's/^ACCEPT .*://p' seen)
	MONGODB_URI="mongodb://user:geheim@127.0.0.1:$port/?$uri" \
	    run_stage "$LOAD" <"$(rows_file 2)"
	kill $pid 2>/dev/null || true
	expect_status 100
	expect_in err "mismatch"
	expect_not_in seen "ApplicationData"
	expect_not_in seen saslStart

	sink
	MONGODB_URI="mongodb://user:geheim@127.0.0.1:$(cat sink.port)/?$uri" \
	    run_stage "$LOAD" <"$(rows_file 2)"
	expect_status 111
	[ ! -s sink.log ] || fail "$(cat sink.log)"
}

@test "another machine needs TLS" {
	for uri in mongodb://example.org/ mongodb://127.0.0.1,192.0.2.1/ \
	    "mongodb://192.0.2.1/?tls=false"; do
		MONGODB_URI=$uri run_stage "$LOAD" <"$(rows_file 2)"
		expect_status 100
		expect_in err "is another machine and needs tls=true"
	done
	SYNC_MAX_RETRIES=0 MONGODB_URI="mongodb://192.0.2.1/?connectTimeoutMS=100" \
	    run_stage "$LOAD" --insecure <"$(rows_file 2)"
	expect_status 111
}

@test "credentials are read again, once" {
	sink "insert * error 13"
	echo "$MONGODB_URI" >uri
	chmod 600 uri
	unset MONGODB_URI
	MONGODB_URI_FILE=uri run_stage "$LOAD" <"$(rows_file 2)"
	expect_status 100
	expect_equal "$(sent insert)" 2

	# Another password meanwhile: here, another server.
	mkfifo in
	MONGODB_URI_FILE=uri "$LOAD" <in >out 2>err &
	pid=$!
	exec 8>in
	wait_until grep -q "loading into" err
	first=$sink_pid sink_pid=
	sink
	echo "$MONGODB_URI" >uri
	rows 2 >rows
	cat rows >&8
	exec 8>&-
	wait $pid
	kill $first
	expect_equal "$(sent insert) $(cat out)" '2 {"at":2}'
	expect_in err "trying the changed MONGODB_URI"

	# A refused password.
	sink "saslStart * error 18"
	MONGODB_URI="mongodb://u:p@127.0.0.1:$(cat sink.port)/" \
	    run_stage "$LOAD" <"$(rows_file 2)"
	expect_status 100
	expect_equal "$(grep -c saslStart sink.log)" 1
}

# --- Collections and settings --------------------------------------------

@test "collections: by setting, by the SCHEMA, by the stream's name" {
	sed 's/"stream":"t"/"stream":"my-T"/' <"$(rows_file 1)" >in
	run_stage "$LOAD" <in
	expect_equal "$(mongo_q count my-T)" 1
	sed 's/"key_properties"/"collection":"named","key_properties"/' in >in2
	run_stage "$LOAD" <in2
	expect_equal "$(mongo_q count named)" 1
	SYNC_MY_T_COLLECTION=set run_stage "$LOAD" <in2
	expect_equal "$(mongo_q count set)" 1

	# Made also when no row comes; a name that can't be one.
	sed '/RECORD/d; s/"records":1/"records":0/; s/named/empty/' in2 >in3
	run_stage "$LOAD" <in3
	expect_in <(mongo_q list) empty
	SYNC_MY_T_COLLECTION='a$b' run_stage "$LOAD" <in2
	expect_status 100
}

@test "views and unique indexes are noticed" {
	mongo_q drop t
	mongo_q insert t '{"_id":9,"v":"x"}'
	mongo_q command '{"createIndexes":"t","indexes":[{"key":{"v":1},"name":"v_1","unique":true}]}'
	run_stage "$LOAD" --rejects rejects <"$(rows_file 2 sed 's/"value 2"/"x"/')"
	expect_in err "has the unique index v_1"
	expect_status 0
	expect_in rejects '"rule":"unique_conflict"'
	expect_lines rejects 3
	mongo_q drop t
	for c in '{"name":"t","type":"view"} it is a view' \
	    '{"name":"t","type":"timeseries"} it is a timeseries' \
	    '{"name":"t","type":"collection","options":{"capped":true}} it is capped' \
	    '{"name":"t","options":{"collation":{"locale":"de"}}} its collation is de'; do
		SINK_OPTIONS="--collection ${c%% *}" sink
		run_stage "$LOAD" <"$(rows_file 2)"
		expect_status 100
		expect_in err "${c#* }"
		expect_equal "$(sent insert)$(sent update)" ""
	done
	SINK_OPTIONS='--collection {"name":"t","options":{"collation":{"locale":"simple"}}}' sink
	run_stage "$LOAD" <"$(rows_file 2)"
	expect_status 0
}

@test "--check says what to do about a collection" {
	mongo_q drop
	mongo_q insert t '{"_id":9,"v":"x"}'
	mongo_q command '{"createIndexes":"t","indexes":[{"key":{"v":1},"name":"v_1","unique":true}]}'
	SYNC_B_COLLECTION=bb run_stage "$LOAD" --check t fresh=other 'b=x$'
	expect_status 0
	expect_match out '^ok    t .*[.]t: a collection$'
	expect_match out '^warn    unique index +v_1: '
	expect_match out '^ok    fresh .*[.]other: isn.t there yet'
	expect_match out '^ok    b .*[.]bb: isn.t there yet'
	# What FerretDB doesn't tell isn't made up.
	expect_not_in out storage
	expect_not_in out privileges
	expect_equal "$(mongo_q list)" t
	run_stage "$LOAD" --check a=system.x 'b=x$'
	expect_status 100
	expect_match out '^FAIL  a .*"system.x" can.t be'
	expect_match out '^FAIL  b .*"x[$]" can.t be'
	expect_in out '-> name another one in SYNC_<STREAM>_COLLECTION'
	mongo_q drop

	SINK_OPTIONS='--collection {"name":"t","type":"view"}' sink
	run_stage "$LOAD" --check t
	expect_status 100
	expect_match out '^FAIL  t .*: it is a view'
	expect_equal "$(sent create)" ""
	SINK_OPTIONS='--collection {"name":"t","options":{"validator":{"a":1}}}' sink
	run_stage "$LOAD" --check t
	expect_status 0
	expect_match out '^note    validator .*documents that it refuses'
	run_stage "$LOAD" t
	expect_status 100
	run_stage "$LOAD" --json
	expect_status 100
}

# may ROLE ACTION...: what connectionStatus says.
may() {
	local role=$1

	shift
	printf 'connectionStatus * answer {"authInfo":{"authenticatedUsers":[{"user":"u","db":"admin"}],"authenticatedUserRoles":[{"role":"%s","db":"shop"}],"authenticatedUserPrivileges":[{"resource":{"db":"other","collection":""},"actions":["remove"]},{"resource":{"db":"shop","collection":""},"actions":[%s]}]}}' \
	    "$role" "$(printf '"%s",' "$@" | sed 's/,$//')"
}

@test "--check: privileges, storage and sharding, where the server tells" {
	MONGODB_DATABASE=shop
	sink "$(may reader find insert update)" \
	    'dbStats * answer {"fsUsedSize":95e9,"fsTotalSize":100e9}'
	run_stage "$LOAD" --check t
	expect_status 100
	expect_match out '^FAIL    privileges +the account may not remove$'
	expect_in out '-> grant it the role readWrite on the database shop'
	expect_match out '^ok    storage +90599 of 95367 MB'
	run_stage "$LOAD" --check --json t
	expect_equal "$(jq -c 'select(.point == "storage") |
	    [.used_bytes, .total_bytes]' out)" "[95000000000,100000000000]"
	expect_equal "$(jq -c 'select(.mark == "fail") |
	    [.stream, .collection, .point]' out)" '["t","t","privileges"]'
	sink "$(may root anyAction)"
	run_stage "$LOAD" --check t
	expect_status 0
	expect_match out '^warn  account .*has the role root'
	expect_match out '^ok      privileges +find, insert'

	sink 'listCollections * error 13'
	run_stage "$LOAD" --check t
	expect_status 100
	expect_match out '^FAIL  t .*the account may not look'

	# As behind a mongos; the shard key is what config.collections says.
	hello='"msg":"isdbgrid","isWritablePrimary":true,"maxBsonObjectSize":16777216,"maxMessageSizeBytes":48000000,"maxWriteBatchSize":100000,"minWireVersion":0,"maxWireVersion":21'
	for key in '"_id":"hashed"' '"customer":1'; do
		sink "hello * answer {$hello}" \
		    'find * answer {"cursor":{"id":0,"ns":"config.collections","firstBatch":[{"_id":"shop.t","key":{'"$key"'}}]}}'
		run_stage "$LOAD" --check t
		case $key in
		*hashed*) expect_status 0
			expect_match out '^ok      sharding +by _id' ;;
		*)	expect_status 100
			expect_match out '^FAIL    sharding +its shard key' ;;
		esac
	done
}

# compressed NAME: are the updates sent so?
compressed() {
	expect_status 0
	expect_equal "$(cat out)" '{"at":2000}'
	expect_equal "$(sent insert)" "1000 1000"
	expect_equal "$(sed -n 's/^\(z[a-z]*\) .*/\1/p' sink.log | sort -u)" "$1"
	[ -z "$1" ] || # what the wire saw is less than what was said
		expect_match <(awk '/^z/ { a += $3 } /^insert/ { b += $3 }
		    END { print a < b / 4 }' sink.log) 1
}

@test "compression: none, or what the setting or the connection string says" {
	local f=$(rows_file 2000)

	export SINK_OPTIONS=--compressors
	sink
	run_stage "$LOAD" <"$f"
	compressed ""
	sink
	MONGODB_COMPRESSORS=snappy,zstd,zlib run_stage "$LOAD" <"$f"
	compressed zstd
	sink
	MONGODB_URI="$MONGODB_URI?compressors=zlib" run_stage "$LOAD" <"$f"
	compressed zlib
	sink
	MONGODB_COMPRESSORS=zlib run_stage "$LOAD" <"$f"
	compressed zlib
	# A server that knows none gets it as it is.
	SINK_OPTIONS= sink
	MONGODB_COMPRESSORS=zstd run_stage "$LOAD" <"$f"
	compressed ""
	MONGODB_COMPRESSORS=zstd,lz4 run_stage "$LOAD" <"$f"
	expect_status 100
	expect_in err 'lz4'
}

@test "settings and options that are wrong" {
	SYNC_BATCH_SIZE=0 run_stage "$LOAD" <"$(rows_file 1)"
	expect_status 100
	expect_in err "SYNC_BATCH_SIZE"
	for wrong in "--conflict both" "--max-rejects 5" "--decimal round" \
	    "--rejects r --max-rejects 101%" "--max-line x" "--nothing" \
	    "name" "--ack a --ack b" "--dry-run --ack a"; do
		run_stage "$LOAD" $wrong <"$(rows_file 1)"
		expect_status 100
	done
	MONGODB_URI= run_stage "$LOAD" <"$(rows_file 1)"
	expect_status 100
	expect_in err "MONGODB_URI is not set"
	MONGODB_DATABASE= run_stage "$LOAD" <"$(rows_file 1)"
	expect_status 100
	expect_in err "MONGODB_DATABASE is not set"
	run_stage "$LOAD" --help
	expect_status 0
	expect_in out SYNC_RETRY_DELAY
}

@test "documents of 16 MB, and lines that are too long" {
	big() {
		echo '{"type":"SCHEMA","stream":"big","schema":{"properties":{"id":{"type":"integer"},"v":{"type":"string"}}},"key_properties":["id"]}'
		for n; do
			printf '{"type":"RECORD","stream":"big","pos":[7,%d],"record":{"id":%d,"v":"' $n $n
			head -c "$n" /dev/zero | tr '\0' x
			printf '"}}\n'
		done
		echo '{"type":"STATE","value":{"at":1},"records":'$#'}'
	}
	run_stage "$LOAD" --rejects rejects \
	    < <(big 16000000 16775900 16776192 17000000 1000)
	expect_status 0
	expect_equal "$(cat out)" '{"at":1}'
	expect_equal "$(mongo_q count big)" 3
	expect_lines rejects 4
	expect_in err "larger than MongoDB's 16 MiB"
	run_stage "$LOAD" < <(big 16775900 1000)
	expect_status 0
	expect_equal "$(counted records_updated)" 2
	run_stage "$LOAD" --max-line 64k < <(big 1000 100000)
	expect_status 100
	expect_in err "standard input:3: the line is longer than 65536 bytes"
	mongo_q drop big
}

# --- Broken input ---------------------------------------------------------

@test "mutated streams: a line number, and never a wrong document" {
	rows 20 >good
	sink
	"$SUPPORT/mutate-lines" 300 good >streams
	n=0
	while read -r line; do
		n=$((n + 1))
		head -c "${line#* }" <&7 >in
		run_stage "$LOAD" --rejects rejects <in
		case $status in
		0)	;;
		100|111)
			grep -qE '"standard input(:[0-9]+)?: ' err ||
			    fail "$(cat in err)" ;;
		*)	fail "status $status" "$(cat in err)" ;;
		esac
	done <sizes 7<streams
	expect_equal "$n" 300
}

@test "memory doesn't grow from 10,000 to 1,000,000 rows" {
	many() {
		rows 0 | sed 1q
		awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) {
		    printf "{\"type\":\"RECORD\",\"stream\":\"t\",\"pos\":[7,%d],\"record\":{\"id\":%d,\"v\":\"value %d\"}}\n", i, i, i
		    if (i % 5000 == 0)
			printf "{\"type\":\"STATE\",\"value\":{\"at\":%d},\"records\":5000}\n", i
		} }'
	}
	sink
	# ASan keeps what is freed: not here.
	export ASAN_OPTIONS=quarantine_size_mb=1
	for n in 10000 1000000; do
		many $n | "$SUPPORT/peak" peak.$n "$LOAD" --rejects r \
		    --ack state 2>err || fail "$(tail err)"
		expect_equal "$(cat state)" "{\"at\":$n}"
	done
	a=$(cat peak.10000) b=$(cat peak.1000000)
	[ "$b" -le $((a + 1024)) ] || fail "$a KiB, then $b KiB"
}
