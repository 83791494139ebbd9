# load: real documents in a real server, and what it says when one errs.

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }
setup() { cd_temp; }

GOLDEN=$ROOT/tests/golden/load
LOAD=$ROOT/bin/load	# `load` is a word of bats

# Every document of the database, a line each: the collection, the document.
# Keys that load makes differ each time.
dump() {
	local c

	for c in $(mongo_q list | LC_ALL=C sort); do
		mongo_q find "$c" | sed -E "s/^/$c /
		    s/\"_id\":\\{\"\\\$oid\":\"[0-9a-f]{24}\"\\}/\"_id\":OID/"
	done | LC_ALL=C sort
}

# before FILE: the documents that are there already.
before() {
	local coll doc

	while read -r coll doc; do
		mongo_q insert "$coll" "$doc"
	done <"$1"
}

# Compare ./$1 with the case's; UPDATE=1 replaces that.
same_as() {
	if [ -n "${UPDATE-}" ]; then
		rm -f "$2"
		[ ! -s "$1" ] || cp "$1" "$2"
	fi
	[ -e "$2" ] || set -- "$1" /dev/null
	diff -u "$2" "$1" >&2
}

# One folder of tests/golden/load: args, in, and what comes out of them. The
# documents don't depend on how the writes are cut into batches.
golden() {
	local d=$GOLDEN/$1 f

	mkdir "$1"
	cd "$1"
	run_case "$d"
	for f in docs out said rejects conflicts; do
		[ -e $f ] || : >$f
		same_as $f "$d/$f" || return
	done
	mv docs docs.1000
	rm -f rejects conflicts
	SYNC_BATCH_SIZE=1 run_case "$d"
	expect_same docs docs.1000
	cd ..
}

run_case() {
	mongo_q drop
	[ ! -e "$1/before" ] || before "$1/before"
	run_stage "$LOAD" $(cat "$1/args") <"$1/in"
	dump >docs
	sed -nE 's/.*"operation":"(load|dry-run)",(.*),"duration.*/\2/p
	    s/.*"level":"error".*"message":(.*)\}/\1/p' err >said
	expect_status "$(cat "$1/rc")"
}

@test "golden: each folder of tests/golden/load" {
	for d in "$GOLDEN"/*/; do
		golden "$(basename "$d")" || fail "in $d"
	done
}

# --- A server that says what it is told to say ---------------------------

# sink [SCRIPT-LINE ...]: start mongosink with this script.
sink() {
	sink_stop
	rm -f sink.port sink.log
	printf '%s\n' "$@" >sink.script
	"$ROOT/build/support/mongosink" --port-file sink.port \
	    --script sink.script --log sink.log ${SINK_OPTIONS-} 3>&- &
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
	local i

	cat <<-'E'
	{"type":"SCHEMA","stream":"t","schema":{"properties":{"id":{"type":"integer"},"v":{"type":"string"}}},"key_properties":["id"]}
	E
	for ((i = 1; i <= $1; i++)); do
		echo '{"type":"RECORD","stream":"t","pos":[7,'$i'],"record":{"id":'$i',"v":"value '$i'"}}'
	done
	echo '{"type":"STATE","value":{"at":'$1'},"records":'$1'}'
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
	run_stage "$LOAD" < <(rows 3)
	expect_status 100
	expect_equal "$(cat out)" ""
	expect_in err "standard input:3: t: the server refuses the document: error 121 (DocumentValidationFailure)"
	expect_not_in err "value 2"

	sink "insert 1 write 1:121"
	run_stage "$LOAD" --rejects rejects < <(rows 3)
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
		run_stage "$LOAD" < <(rows 3)
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 3 1 {\"at\":3}"
	done
	for code in $RETRY; do
		sink "insert 1 error $code"
		run_stage "$LOAD" < <(rows 3)
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 3 3 {\"at\":3}"
	done
	sink "insert * error 91"
	run_stage "$LOAD" < <(rows 3)
	expect_status 111
	expect_equal "$(sent insert) $(cat out)" "3 3 3 3 "
	expect_in err "giving up after 3 retries"
}

@test "a writeConcernError: nothing is acknowledged, all is sent again" {
	for code in 64 91 189 10107 4242; do
		sink "insert 1 unsure $code"
		run_stage "$LOAD" < <(rows 3)
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 3 3 {\"at\":3}"
	done
	sink "insert * unsure 64"
	run_stage "$LOAD" < <(rows 3)
	expect_status 111
	expect_equal "$(sent insert) $(cat out)" "3 3 3 3 "
	for code in 79 100; do
		sink "insert 1 unsure $code"
		run_stage "$LOAD" < <(rows 3)
		expect_status 100
		expect_equal "$(sent insert) $(cat out)" "3 "
	done
}

@test "critical errors stop, and nothing is acknowledged" {
	for code in $CRITICAL; do
		for form in "error $code" "write 1:$code"; do
			sink "insert 1 $form"
			run_stage "$LOAD" --rejects rejects < <(rows 3)
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
		run_stage "$LOAD" --rejects rejects < <(rows 3)
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
	run_stage "$LOAD" --rejects rejects < <(rows 4)
	expect_status 0
	expect_equal "$(sent insert) $(cat out)" "4 2 1 1 1 1 {\"at\":4}"
	expect_in rejects '"id":1'
	expect_lines rejects 3
}

@test "an overloaded server gets less, and later" {
	for code in $OVERLOAD; do
		sink "insert 1 error $code"
		SYNC_RETRY_DELAY=1 run_stage "$LOAD" < <(rows 4)
		expect_status 0
		expect_equal "$code $(cat out)" "$code {\"at\":4}"
	done
	sink "insert 1 error 4242 SystemOverloadedError RetryableError"
	SYNC_RETRY_DELAY=1 SYNC_BATCH_SIZE=4 run_stage "$LOAD" < <(rows 4)
	expect_status 0
	expect_in err "is overloaded"
}

@test "a server that takes no writes is asked until it does" {
	for code in $BLOCKED; do
		sink "insert 1 error $code" "insert 2 error $code" \
		    "insert 3 write 0:$code"
		SYNC_MAX_RETRIES=0 run_stage "$LOAD" < <(rows 2)
		expect_status 0
		expect_equal "$code $(sent insert) $(cat out)" \
		    "$code 2 2 2 1 {\"at\":2}"
	done
}

@test "an unknown error stops after a few tries, and never drops" {
	sink "insert * write 0:4242"
	run_stage "$LOAD" --rejects rejects < <(rows 3)
	expect_status 100
	expect_equal "$(sent insert) $(cat out)" "3 1 1 1 "
	sink "insert * error 4242"
	run_stage "$LOAD" --rejects rejects < <(rows 3)
	expect_status 100
	expect_equal "$(sent insert) $(cat out)" "3 3 3 3 "
	sink "insert 1 error 4242 RetryableWriteError"
	run_stage "$LOAD" < <(rows 3)
	expect_status 0
}

@test "a connection that breaks: all is sent again" {
	sink "insert 1 drop"
	run_stage "$LOAD" < <(rows 3)
	expect_status 0
	expect_equal "$(sent insert) $(cat out)" "3 3 {\"at\":3}"
	sink "insert * drop"
	run_stage "$LOAD" < <(rows 3)
	expect_status 111
	expect_equal "$(cat out)" ""
	sink "ping * drop"
	run_stage "$LOAD" < <(rows 3)
	expect_status 111
	sink_stop
	run_stage "$LOAD" < <(rows 3)
	expect_status 111
	expect_equal "$(cat out)" ""
}

@test "an answer that doesn't add up stops everything" {
	for count in 2 4 -1; do
		sink "insert 1 count $count"
		run_stage "$LOAD" < <(rows 3)
		expect_status 100
		expect_equal "$(cat out)" ""
	done
	sink "insert 1 write 3:11000"
	run_stage "$LOAD" < <(rows 3)
	expect_status 100
}

@test "no line of the log has a value, a password or a connection string" {
	sink "insert 1 write 1:121" "insert 2 error 91"
	MONGODB_URI="mongodb://user:geheim@127.0.0.1:$(cat sink.port)/?authMechanism=PLAIN" \
	    SYNC_MAX_RETRIES=1 run_stage "$LOAD" --rejects r < <(rows 3)
	expect_not_in err geheim
	expect_not_in err "value 2"
	MONGODB_URI="mongodb://user:gehe/im@127.0.0.1/" \
	    run_stage "$LOAD" < <(rows 3)
	expect_status 100
	expect_not_in err gehe
	MONGODB_URI="mongodb://user:geheim@127.0.0.1/?tls=maybe" \
	    run_stage "$LOAD" < <(rows 3)
	expect_not_in err gehe
}

# --- Acknowledgements -----------------------------------------------------

@test "acknowledgements to a file are whole, and the newest" {
	run_stage "$LOAD" --ack state < <(rows 3)
	expect_status 0
	expect_equal "$(cat out)" ""
	expect_equal "$(cat state)" '{"at":3}'
	expect_equal "$(stat -c %a state)" 600
	expect_equal "$(ls -A | grep -c new)" 0

	# While it goes on, a reader sees only whole values.
	SYNC_BATCH_SIZE=10 "$LOAD" --ack state 2>err \
	    < <(for i in $(seq 30); do rows 10; done) &
	while kill -0 $! 2>/dev/null; do
		grep -qx '{"at":[0-9]*}' state || fail "$(cat state)"
	done
	wait $!
}

@test "acknowledgements to a FIFO, line by line" {
	mkfifo -m 600 fifo
	cat fifo >got &
	{ rows 2; sleep 0.3; rows 3; } | "$LOAD" --ack fifo >out 2>err
	wait $!
	expect_equal "$(cat got)" $'{"at":2}\n{"at":3}'
	expect_equal "$(cat out)" ""

	# Nobody reads: that is temporary; not a FIFO: it isn't.
	run_stage "$LOAD" --ack fifo < <(rows 1)
	expect_status 111
	run_stage "$LOAD" --ack /dev/null < <(rows 1)
	expect_status 100

	# A reader that goes away.
	head -n 1 fifo >got &
	{ rows 2; sleep 0.5; rows 3; } | { "$LOAD" --ack fifo >out 2>err ||
	    echo $? >rc; }
	expect_equal "$(cat rc) $(cat got)" '111 {"at":2}'
}

@test "a full disk is no success" {
	status=0
	"$LOAD" < <(rows 2) >/dev/full 2>err || status=$?
	expect_status 111
	expect_in err "write standard output"
	status=0
	"$LOAD" --rejects /dev/full 2>err >out < <(rows 2 |
	    sed 's/"value 2"/5/') || status=$?
	expect_status 111
	expect_equal "$(cat out)" ""
	status=0
	"$LOAD" --ack /dev/full 2>err < <(rows 2) || status=$?
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
	SYNC_RETRY_DELAY=30 "$LOAD" < <(rows 2) >out 2>err &
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

@test "another extract has started since: nothing more is acknowledged" {
	run_stage "$LOAD" < <(rows 3 | sed 's/"pos":\[7,/"pos":[8,/')
	expect_status 0
	run_stage "$LOAD" --ack state < <(rows 3)
	expect_status 111
	expect_in err "another extract has started"
	[ ! -e state ]
	run_stage "$LOAD" < <(rows 3)
	expect_status 0
	expect_equal "$(counted records_stale)" 3
}
