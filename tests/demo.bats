# make demo, as a person sees it. It starts servers of its own.

load support/helpers

setup() { cd_temp; }

demo() {
	SECONDS=0
	run_stage env -u MILLRACE_RUN "$ROOT/scripts/demo" "$@" 3>&-
	cat out
	tail -n 20 err
	expect_status 0
	# Five tables, equal field by field at the end.
	expect_equal "$(grep -c ', equal$' out)" 5
	expect_in out '$ extract orders --state orders.state | tee orders.ndjson | transform | load --ack orders.state'
	expect_in out '"$numberDecimal"'
	# What moved in the second round is what mutate changed.
	changed=$(sed -n 's/^mutate: \([0-9]*\) rows changed.*/\1/p' out)
	moved=$(awk '/^TABLE/ { n++ } n == 2 && /^[a-z]+ +[0-9]+ +[0-9]+ +[0-9]+$/ {
	    sum += $2 } END { print sum }' out)
	expect_equal "$moved" "$changed"
	[ "$changed" -gt 0 ]
	echo "# the demo took $SECONDS s" >&3
}

@test "make demo with MySQL" {
	demo
}

@test "make demo with MariaDB, and no settings of the caller" {
	export MYSQL_HOST=192.0.2.1 MYSQL_DATABASE=production \
	    MONGODB_URI=mongodb://192.0.2.1/ SYNC_BATCH_SIZE=0
	demo --mariadb --rows 500
	expect_not_in out 192.0.2.1
	expect_not_in out production
}
