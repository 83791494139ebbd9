# Processes, ports and the run directory. Sourced by scripts/servers.
#
# RUN/SERVER/           what is known of one server, a file per value:
#   PROCESS.pid         "pid starttime" of a process that we started
#   port, version, ...  values of one line
#   log                 what the server printed
# RUN/id                name of this run's folder inside the sid folder
# RUN/tls/              certificates for tests

say() {
	echo "servers: $*" >&2
}

die() {
	say "$*"
	exit 100
}

# value SERVER NAME: print a stored value, nothing when there is none.
value() {
	cat "$RUN/$1/$2" 2>/dev/null || true
}

# store SERVER NAME VALUE
store() {
	mkdir -p "$RUN/$1"
	printf '%s\n' "$3" >"$RUN/$1/$2"
}

# Open the run directory: one start or stop at a time in it.
run_open() {
	mkdir -p "$RUN"
	chmod 700 "$RUN"
	exec 8>"$RUN/lock"
	flock 8
	if [ ! -s "$RUN/id" ] && [ -d "$SID" ]; then
		mkdir -p "$SID/srv/millrace"
		basename "$(mktemp -d "$SID/srv/millrace/XXXXXX")" >"$RUN/id"
		chmod 755 "$(inside)"
		: >"$(inside)/pids"
		echo "$RUN" >"$(inside)/owner"
	fi
	[ -d "$RUN/tls" ] || [ ! -d "$CACHE/tls" ] ||
	    cp -a "$CACHE/tls" "$RUN/tls"
}

# The run's folder inside the sid folder, as the host sees it.
inside() {
	echo "$SID/srv/millrace/$(cat "$RUN/id")"
}

# Forget the run directory when nothing of it is left running.
run_close() {
	local n

	for n in $ALL; do
		[ ! -d "$RUN/$n" ] || return 0
	done
	watch_stop
	[ ! -s "$RUN/id" ] || rm -rf --one-file-system -- "$(inside)"
	rm -rf -- "$RUN/id" "$RUN/tls" "$RUN/watch" "$RUN/lock"
	rmdir -- "$RUN" 2>/dev/null || true
}

# Somebody deleted a run directory: end its servers, delete their data.
sweep() {
	local d run pid start

	for d in "$SID"/srv/millrace/*/; do
		[ -f "$d/owner" ] && [ -f "$d/pids" ] || continue
		run=$(cat "$d/owner")
		[ "$(cat "$run/id" 2>/dev/null)" != "$(basename "$d")" ] ||
		    continue
		while read -r pid start; do
			[ -n "$start" ] && [ "$pid" -ne $$ ] &&
			    [ "$(starttime "$pid")" = "$start" ] ||
			    continue
			kill -QUIT "$pid" && sleep 0.5
			[ "$(starttime "$pid")" != "$start" ] ||
			    kill -KILL "$pid"
		done <"$d/pids"
		rm -rf --one-file-system -- "$d"
	done
}

# Print the start time of a live process, nothing when it is gone. A zombie
# is gone when its last thread is: before that it still holds its files.
starttime() {
	local line

	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
	set -- ${line##*)}
	[ "$1" = Z ] && [ "${18}" -le 1 ] || echo "${20}"
}

# uptime_of PID: print how long it has been running.
uptime_of() {
	local now s

	read -r now _ </proc/uptime
	s=$((${now%.*} - $(starttime "$1") / $(getconf CLK_TCK)))
	printf '%d:%02d:%02d\n' $((s / 3600)) $((s / 60 % 60)) $((s % 60))
}

# proc_pid SERVER PROCESS: print the pid if it is still our process.
proc_pid() {
	local pid= start=

	{ read -r pid start <"$RUN/$1/$2.pid"; } 2>/dev/null || return 0
	[ -z "$start" ] || [ "$(starttime "$pid")" != "$start" ] || echo "$pid"
}

# spawn SERVER PROCESS COMMAND...: start a daemon in a session of its own,
# with no file open but its log, and remember its pid.
spawn() {
	local server=$1 proc=$2 pid

	shift 2
	mkdir -p "$RUN/$server"
	(
		exec </dev/null >>"$RUN/$server/log" 2>&1
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		cd /
		exec setsid "$@"
	) &
	pid=$!
	echo "$pid $(starttime "$pid")" |
	    tee -a "$(inside)/pids" >"$RUN/$server/$proc.pid"
}

# wait_ready SERVER PROCESS COMMAND...: until the command succeeds; fails
# when the process ends before, or after 60 seconds.
wait_ready() {
	local server=$1 proc=$2 end=$((SECONDS + 60))

	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ -z "$(proc_pid "$server" "$proc")" ]; then
			tail -n 5 "$RUN/$server/log" >&2
			return 1
		fi
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# proc_stop SERVER PROCESS SIGNAL: end it and wait until it is gone; after
# 20 seconds with SIGKILL.
proc_stop() {
	local pid sig=$3 end=$((SECONDS + 20))

	pid=$(proc_pid "$1" "$2")
	if [ -n "$pid" ]; then
		kill "-$sig" "$pid" 2>/dev/null || true
		while [ -n "$(proc_pid "$1" "$2")" ]; do
			if [ "$SECONDS" -ge "$end" ]; then
				kill -KILL "$pid" 2>/dev/null || true
			fi
			sleep 0.02
		done
	fi
	rm -f "$RUN/$1/$2.pid"
}

# free_port: print a port that nobody listens on, from below the range of
# outgoing connections.
free_port() {
	local port used

	used=$(awk '{ n = split($2, a, ":"); print a[n] }' \
	    /proc/net/tcp /proc/net/tcp6 2>/dev/null)
	while :; do
		port=$((20000 + (SRANDOM) % 12000))
		case "$used" in
		*"$(printf %04X "$port")"*)	;;
		*)	break ;;
		esac
	done
	echo "$port"
}

# A port that this server had before, else a free one.
own_port() {
	[ -n "$(value "$1" "$2")" ] || store "$1" "$2" "$(free_port)"
	value "$1" "$2"
}

# launch SERVER: run SERVER_launch, with other ports when one was taken by
# somebody else in the meantime.
launch() {
	local try

	for try in 1 2 3; do
		: >"$RUN/$1/log"
		! "$1_launch" || return 0
		"$1_stop" 1 1
		grep -qi 'address already in use' "$RUN/$1/log" || return 1
		say "$1: a port was taken, try another one"
		rm -f "$RUN/$1/"*port
	done
	return 1
}

# Stop everything once a process has ended, however it ended.
watch_start() {
	watch_stop
	spawn watch watch sh -c 'tail --pid="$1" -f /dev/null
		MILLRACE_RUN=$2 exec "$3" stop' watch "$1" "$RUN" \
	    "$HERE/servers"
}

watch_stop() {
	local pid

	pid=$(proc_pid watch watch)
	# The watcher itself comes here when it has done its work.
	[ -z "$pid" ] || [ "$pid" -eq $$ ] || proc_stop watch watch KILL
}
