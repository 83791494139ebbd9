#!/usr/bin/env bats
# What people do to a service that runs: settings, files and programs changed
# under it, and stages that don't behave. Without servers, as api.bats.

load support/fakes
load support/helpers

setup() {
	cd_temp
	fake_stages
}

teardown() {
	if [ -n "${pid-}" ]; then
		kill -9 "$pid" || true
		wait "$pid" 2>/dev/null || true
	fi
	! mountpoint -q small 2>/dev/null || umount -l small
	[ -z "${BATS_TEST_COMPLETED-}" ] && [ -e log ] && tail -n 30 log >&2 ||
	    true
}

# tables NAME,...: SYNC_TABLES from now on.
tables() {
	echo "SYNC_TABLES=$1" >.env
	unset SYNC_TABLES
}

# ends: the service that was told to, with exit status 0.
ends() {
	wait_gone "$pid"
	status=0
	wait "$pid" || status=$?
	pid=
	expect_status 0
}

no_table() {
	ask "/sync/tables/$1"
	[ "$http" = 404 ]
}

@test "SIGHUP while the service ends begins nothing" {
	start_service
	wait_until ran orders 1
	echo 3 >fake/orders.sleep
	supervisor trigger orders
	wait_until state_is orders running
	kill "$pid"
	wait_until state_is products ended
	kill -HUP "$pid"
	wait_until grep -q "the settings aren't read" log
	ask /sync/reload -X POST
	expect_http 503
	ends
	expect_not_in log 'settings read again'
}

@test "a table that is taken out and put in again while it drains goes on" {
	tables orders,products
	echo 3 >fake/orders.sleep
	start_service
	wait_until state_is orders running
	tables products
	supervisor reload
	wait_until state_is orders stopping
	tables orders,products
	supervisor reload
	rm fake/orders.sleep
	wait_until ran orders 1
	state_is orders waiting
}

@test "a table that is taken out is gone, and so is its alert" {
	tables orders,products
	cat >bin/alert <<-'E'
	#!/bin/sh
	echo "$MILLRACE_STATE $MILLRACE_ALERT $MILLRACE_SUBJECT" >>"$1"
	E
	chmod +x bin/alert
	export ALERT_COMMAND="alert $PWD/alerts" ALERT_HOLD_SECONDS=1
	echo 100 >fake/orders.exit
	start_service
	wait_until grep -qsxF 'raised failed orders' alerts
	tables products
	supervisor reload
	wait_until no_table orders
	wait_until grep -qxF 'cleared failed orders' alerts
	ask /sync/status
	expect_equal "$(json 'sorted(t["table"] for t in a["tables"])')" \
	    "['products']"
	ask /metrics
	expect_not_in answer 'table="orders"'
	ask /sync/tables/orders/pause -X POST
	expect_http 404
	expect_not_in state/control orders
	supervisor reload
	expect_equal "$(grep -c 'no longer in SYNC_TABLES' log)" 1
}

@test "a trigger while a table pauses is refused as when it is paused" {
	echo 3 >fake/orders.sleep
	start_service
	wait_until state_is orders running
	ask /sync/tables/orders/pause -X POST
	expect_http 202
	ask /sync/tables/orders/trigger -X POST
	expect_http 409
	expect_equal "$(json 'a["code"]')" paused
	wait_until state_is orders paused
}

@test "a stage in a process group of its own is killed with the others" {
	export SYNC_STOP_SECONDS=1
	export SYNC_ORDERS_PIPELINE="extract orders |
	    timeout 600 $SUPPORT/stage-hang $PWD/hung | transform | load"
	SYNC_ORDERS_PIPELINE=${SYNC_ORDERS_PIPELINE//$'\n'/ } start_service
	wait_until test -e hung
	kill "$pid"
	ends
	wait_until eval '! pgrep -f "stage-hang $PWD/hung"'
}

@test "a server that refused and accepts again: its tables go on" {
	export SYNC_HEALTH_SECONDS=1 SYNC_TABLES=orders
	echo 100 >fake/mysql.away
	echo 100 >fake/orders.exit
	supervisor >out 2>log 3>&- &
	pid=$!
	wait_until test -S sock
	wait_until state_is orders blocked
	rm fake/orders.exit fake/mysql.away
	wait_until ran orders 1
}

@test "a program that is missing for a while is enough when it is back" {
	printf '#!/bin/sh\nexec cat\n' >bin/own-filter
	chmod +x bin/own-filter
	export SYNC_ORDERS_PIPELINE="extract orders | own-filter | load"
	start_service
	wait_until ran orders 1
	mv bin/own-filter away
	supervisor trigger orders
	wait_until state_is orders blocked
	mv away bin/own-filter
	wait_until ran orders 2
}

@test "a schema file that is broken or gone is never taken for none" {
	mkdir schemas
	export SYNC_SCHEMAS=$PWD/schemas SYNC_INTERVAL_MINUTES=0.02
	echo '{"x-source":{"table":"orders"}}' >schemas/shop.json
	start_service
	wait_until ran orders 1
	echo '{"x-source":{"tab' >schemas/shop.json
	wait_until state_is orders blocked
	expect_in log 'schemas/shop.json can'"'"'t be read'
	ran products 1

	n=$(runs_of orders)
	echo '{"x-source":{"table":"orders"}}' >schemas/shop.json
	wait_until ran orders $((n + 1))
	rm schemas/shop.json
	wait_until state_is orders blocked
	expect_in answer 'schemas/shop.json: No such file'

	# On purpose: the settings are read again.
	n=$(runs_of orders)
	supervisor reload
	wait_until ran orders $((n + 1))
	kill "$pid"
	ends

	# A folder that isn't there holds no schemas either.
	mv schemas elsewhere
	start_service
	wait_until state_is orders blocked
	mv elsewhere schemas
	wait_until ran orders 1
}

@test "why no table is found is said once" {
	unset SYNC_TABLES
	echo ' ' >fake/tables
	LOG_LEVEL=debug supervisor >out 2>log 3>&- &
	pid=$!
	wait_until eval '[ "$(grep -c "looking for tables" log)" -ge 3 ]'
	expect_equal "$(grep -c '"level":"error".*looking for tables' log)" 1
	echo orders >fake/tables
	wait_until ran orders 1
}

@test "a full disk doesn't keep the service from starting" {
	mkdir small
	mount -t tmpfs -o mode=700,size=300k tmpfs small 2>/dev/null ||
	    skip "no mount"
	dd if=/dev/zero of=small/full bs=1k count=400 2>/dev/null || true
	STATE_DIR=$PWD/small STATE_DISK_MIN_MB=0 supervisor >out 2>log 3>&- &
	pid=$!
	wait_until supervisor ready 2>/dev/null
	expect_in log 'write '
	state_is orders blocked
	rm small/full
	wait_until ran orders 1
	kill "$pid"
	ends
}
