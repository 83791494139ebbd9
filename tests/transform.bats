# transform: from files, without any server.

load support/helpers

setup() { cd_temp; }

GOLDEN=$ROOT/tests/golden/transform

# golden CASE: run it in a folder of its own, with what it starts from.
golden() {
	local d=$GOLDEN/$1 e f bad=0

	mkdir "$1" && cd "$1"
	[ ! -e "$d/schema.json" ] || cp "$d/schema.json" .
	status=0
	# shellcheck disable=SC2046  # the arguments are words
	LOG_FORMAT=text LOG_LEVEL=warn transform $(cat "$d/args") \
	    <"$d/in" >out 2>err || status=$?
	echo "$status" >rc
	if [ -n "${UPDATE-}" ]; then
		rm -f "$d/out" "$d/err" "$d/rc" "$d/rejects"
		for f in out rc; do
			cp "$f" "$d/$f"
		done
		for f in err rejects; do
			[ ! -s "$f" ] || cp "$f" "$d/$f"
		done
	fi
	: >none
	for f in out err rc rejects; do
		[ -e "$f" ] || : >"$f"
		e=$d/$f
		[ -e "$e" ] || e=none
		diff -u "$e" "$f" >&2 || bad=1
	done
	cd ..
	return "$bad"
}

@test "golden folders (UPDATE=1 rewrites them)" {
	bad=
	for d in "$GOLDEN"/*/; do
		golden "$(basename "$d")" || bad="$bad $(basename "$d")"
	done
	[ -z "$bad" ] || fail "these differ:$bad"
}

# A stream of N records; every third has no "a".
stream() {
	echo '{"type":"SCHEMA","stream":"t","schema":{"properties":{"id":' \
	    '{"type":"integer"},"a":{"type":["null","string"]}}},' \
	    '"key_properties":["id"]}'
	awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "{" \
	    "\"type\":\"RECORD\",\"stream\":\"t\",\"record\":" \
	    "{\"id\":%d,\"a\":%s}}\n", i, i % 3 ? "\"x\"" : "null" }'
	echo "{\"type\":\"STATE\",\"value\":{\"n\":$1},\"records\":$1}"
}

# A schema file that refuses a null in "a".
strict_schema() {
	cat >strict.json <<-E
	{"x-source": {"table": "t"}, "properties": {
	    "_id": {"x-from": "id"}, "a": {"type": "string"}}}
	E
}

@test "--help, --version, and mistakes on the command line" {
	run_stage transform --help
	expect_status 0
	expect_in out SYNC_SCHEMAS
	expect_in out --max-rejects
	run_stage transform --version
	expect_status 0
	expect_match out '^transform \(millrace\) [0-9.]+$'
	for args in --nonsense -x orders '--max-rejects 3' \
	    '--rejects r --max-rejects 101%' '--rejects r --max-rejects x' \
	    '--rejects' '--rejects a --rejects b' '--max-line 0' \
	    '--max-line 1T' '-s a --schemas b' '-s a --no-schemas' \
	    '--help=yes' '--schemas /nonexistent' '-s /nonexistent' \
	    '--rejects /nonexistent/r' '--validator a --validator b'; do
		# shellcheck disable=SC2086  # words
		run_stage transform $args </dev/null
		expect_status 100
		expect_lines out 0
		expect_match err '"level":"error"'
	done
}

@test "where schema files are looked for" {
	mkdir a b schemas
	for d in a b schemas; do
		cat >$d/x.json <<-E
		{"x-source": {"table": "t"}, "x-columns": "drop",
		 "properties": {"_id": {"x-from": "id"},
		 "from": {"x-from": null, "default": "$d"}}}
		E
	done
	stream 1 >in
	run_stage transform <in
	expect_in out '"from":"schemas"'
	SYNC_SCHEMAS=a run_stage transform <in
	expect_in out '"from":"a"'
	SYNC_SCHEMAS=a run_stage transform --schemas b <in
	expect_in out '"from":"b"'
	echo SYNC_SCHEMAS=a >.env
	run_stage transform <in
	expect_in out '"from":"a"'
	run_stage transform -s b/x.json <in
	expect_in out '"from":"b"'
	run_stage transform --no-schemas <in
	expect_same out in
	SYNC_SCHEMAS=/nonexistent run_stage transform <in
	expect_status 100
	expect_in err /nonexistent
	# The ones beside the program: the checkout's.
	rm -r schemas .env
	sed 's/"stream":"t"/"stream":"orders"/' in >in2
	run_stage transform <in2
	expect_status 100
	expect_in err schemas/orders.json
}

@test "an installed transform finds the installed schema files" {
	mkdir -p p/lib/millrace/bin p/share/millrace/schemas
	cp "$ROOT/bin/transform" p/lib/millrace/bin
	strict_schema
	cp strict.json p/share/millrace/schemas/t.json
	stream 1 >in
	run_stage p/lib/millrace/bin/transform <in
	expect_status 0
	expect_in out '"_id":1'
}

@test "two files for one table, and a folder with a broken file" {
	mkdir s
	strict_schema
	cp strict.json s/a.json
	cp strict.json s/b.json
	run_stage transform --schemas s </dev/null
	expect_status 100
	expect_in err 's/b.json: is for the table t, as s/a.json is'
	echo '{' >s/b.json
	run_stage transform --schemas s </dev/null
	expect_status 100
	expect_match err 's/b.json:[0-9]+:[0-9]+: '
}

@test "--check names every fault of every file, by line and column" {
	run_stage transform --check "$ROOT"/schemas/*.json
	expect_status 0
	run_stage transform --check
	expect_status 0
	cat >a.json <<-E
	{"x-source": {"table": "a"},
	 "properties": {"a": {"typ": "string"}}}
	E
	cat >b.json <<-E
	{"x-source": {"table": "b"},
	 "properties": {"b": {"minimum": "0"}},
	 "required": ["c"]}
	E
	run_stage transform --check a.json b.json
	expect_status 100
	expect_in err 'a.json:2:23: '
	expect_in err 'b.json:2:34: '
	expect_in err 'b.json:3:15: '
	expect_lines out 0
}

@test "--validator prints what MongoDB takes" {
	for f in "$ROOT"/schemas/*.json; do
		run_stage transform --validator "$f"
		expect_status 0
		expect_lines out 1
		python3 - <<-'E'
		import json
		known = {"bsonType", "title", "description", "enum", "minimum",
		    "maximum", "exclusiveMinimum", "exclusiveMaximum",
		    "multipleOf", "minLength", "maxLength", "pattern", "items",
		    "minItems", "maxItems", "uniqueItems", "properties",
		    "required", "additionalProperties", "allOf"}
		types = {"double", "string", "object", "array", "binData",
		    "objectId", "bool", "date", "null", "int", "long",
		    "decimal"}
		def walk(s):
		    assert set(s) <= known, set(s) - known
		    t = s.get("bsonType", [])
		    assert set([t] if isinstance(t, str) else t) <= types
		    for v in s.get("properties", {}).values():
		        walk(v)
		    for v in s.get("allOf", []):
		        walk(v)
		    if "items" in s:
		        walk(s["items"])
		top = json.load(open("out"))
		assert list(top) == ["$jsonSchema"]
		walk(top["$jsonSchema"])
		E
	done
	cat >a.json <<-E
	{"x-source": {"table": "a"}, "properties": {
	 "a": {"type": "integer", "exclusiveMinimum": 0, "minimum": 1},
	 "b": {"const": 3, "type": ["string", "null"], "format": "date"}}}
	E
	run_stage transform --validator a.json
	expect_in out '"allOf":[{"minimum":0,"exclusiveMinimum":true}]'
	expect_in out '"b":{"bsonType":["date","null"],"enum":[3]}'
}

@test "rejects, the fix, and rejects again give what was missing" {
	strict_schema
	stream 9 >in
	run_stage transform -s strict.json --rejects r <in
	expect_status 0
	expect_in out '"records":6,"rejected":3'
	grep '"RECORD"' out >all
	# Still bad: they go to another file, with the line of this run.
	run_stage transform -s strict.json --rejects r2 <r
	expect_status 0
	expect_lines r2 5
	expect_in r2 '"line":2'
	expect_equal "$(grep -c '"reject":{' r2)" 3
	# Never into the file that is read.
	run_stage transform -s strict.json --rejects r <r
	expect_status 100
	sed 's/"type": "string"/"type": ["string", "null"]/' strict.json >loose.json
	run_stage transform -s loose.json <r2
	expect_status 0
	expect_not_in out reject
	grep '"RECORD"' out >>all
	transform -s loose.json <in 2>/dev/null | grep '"RECORD"' | sort >want
	sort all >got
	expect_same got want
	# Nothing moves a position.
	expect_in out '{"type":"STATE","value":null}'
	expect_equal "$(stat -c %a r)" 600
}

@test "the message of a rejected record holds no value of it" {
	strict_schema
	echo '{"x-source": {"table": "t"}, "properties": {"id": {},
	    "a": {"enum": ["b"], "x-apply": ["trim"]}}}' >s.json
	stream 1 | sed 's/"x"/"4111-1111"/' >in
	run_stage transform -s s.json --rejects r <in
	expect_status 0
	expect_not_in err 4111
	expect_in r 4111
}

@test "--max-rejects as a percentage waits for 100 records" {
	strict_schema
	stream 300 >in
	run_stage transform -s strict.json --rejects r --max-rejects 20% <in
	expect_status 100
	expect_match err '[0-9]+ of 10[0-9] records were rejected'
	expect_not_in out STATE
	run_stage transform -s strict.json --rejects r2 --max-rejects 34% <in
	expect_status 0
	expect_in err '"records_processed":300,"rejected":100'
	# Ten are named, the others counted.
	expect_equal "$(grep -c '"line":' err)" 10
	expect_in err '100 rejected: a (type)'
}

@test "what came before a broken line is written, and the line is named" {
	stream 3 >in
	{ head -3 in; echo '{"type":"RECORD","stream":"t"'; tail -1 in; } >bad
	run_stage transform --no-schemas <bad
	expect_status 100
	head -3 in | expect_same out -
	expect_match err 'standard input:4:[0-9]+: '
	# Cut off in the middle: perhaps whole the next time.
	head -c -5 in >cut
	run_stage transform --no-schemas <cut
	expect_status 111
	expect_in err 'standard input:5: '
	{ cat in; head -c 70000 /dev/zero | tr '\0' x; } >long
	run_stage transform --no-schemas --max-line 64k <long
	expect_status 100
	expect_in err 'standard input:6: '
}

@test "a document that makes too long a line is a bad record" {
	cat >s.json <<-E
	{"x-source": {"table": "t"}, "properties": {"_id": {"x-from": "id"},
	 "a": {"x-apply": [{"concat": ["$", "$", "$", "$", "$", "$"]}]}}}
	E
	stream 2 | sed 's/"x"/"0123456789012345678901234567890123456789"/' >in
	sed -i '2s/0123456789012345678901234567890123456789/x/' in
	run_stage transform -s s.json --max-line 280 --rejects r <in
	expect_status 0
	expect_in out '"a":"xxxxxx"'
	expect_in r '"rule":"size"'
	expect_in out '"records":1,"rejected":1'
}

@test "a SCHEMA that is said again changes nothing" {
	strict_schema
	stream 3 | sed '/"a":null/d; s/"records":3/"records":2/' >in
	{ sed -n 1,2p in; sed -n 1p in; sed -n '3,$p' in; } >again
	run_stage transform -s strict.json <in
	mv out want
	run_stage transform -s strict.json <again
	expect_status 0
	expect_equal "$(grep -c '"operation":"schema"' err)" 1
	{ sed -n 1,2p want; sed -n 1p want; sed -n '3,$p' want; } |
	    expect_same out -
}

@test "a full disk is no success" {
	[ -w /dev/full ] || skip "no /dev/full"
	stream 3 >in
	status=0
	transform --no-schemas <in >/dev/full 2>err || status=$?
	expect_status 111
	status=0
	transform --help >/dev/full 2>err || status=$?
	expect_status 111
	status=0
	transform --validator "$ROOT/schemas/orders.json" >/dev/full 2>err ||
	    status=$?
	expect_status 111
}

@test "a line is passed on when the next one isn't there yet" {
	mkfifo p
	transform --no-schemas <p >out 2>err &
	pid=$!
	exec 8>p
	stream 1 | head -1 >&8
	wait_until test -s out
	expect_lines out 1
	exec 8>&-
	wait "$pid"
}

@test "SIGTERM ends it behind what was read, with 99" {
	mkfifo p
	transform --no-schemas <p >out 2>err &
	pid=$!
	stream 5 >in
	exec 8>p
	cat in >&8
	wait_until test -s out
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	exec 8>&-
	expect_status 99
	expect_same out in
}

@test "a reader that goes away ends it by SIGPIPE" {
	stream 20000 >in
	set +o pipefail
	transform --no-schemas <in 2>err | head -1 >out
	rc=${PIPESTATUS[0]}
	expect_equal "$rc" 141
}

@test "rounding agrees with another implementation" {
	python3 - <<-'E'
	import decimal, json, random
	rng = random.Random(3)
	up, even = open("up", "w"), open("even", "w")
	ctx = decimal.Context(prec=200)
	cols = {"id": {"type": "integer"}, "n": {"type": "string"}}
	head = {"type": "SCHEMA", "stream": "t", "key_properties": ["id"],
	    "schema": {"properties": cols}}
	f = open("in", "w")
	f.write(json.dumps(head) + "\n")
	for i in range(5000):
	    digits = "".join(rng.choice("0123459") for _ in
	        range(rng.randrange(1, 40)))
	    cut = rng.randrange(len(digits) + 1)
	    text = rng.choice(["", "-"]) + (digits[:cut] or "0")
	    if cut < len(digits):
	        text += "." + digits[cut:]
	    if rng.randrange(4) == 0:
	        text += "e%d" % rng.randrange(-9, 9)
	    f.write(json.dumps({"type": "RECORD", "stream": "t", "record":
	        {"id": i, "n": text}}) + "\n")
	    d = decimal.Decimal(text)
	    for out, mode in ((up, decimal.ROUND_HALF_UP),
	                      (even, decimal.ROUND_HALF_EVEN)):
	        q = d.quantize(decimal.Decimal("0.01"), mode, ctx)
	        out.write("%d %s\n" % (i, format(q, "f")))
	f.write('{"type":"STATE","value":null}\n')
	E
	cat >s.json <<-E
	{"x-source": {"table": "t"}, "properties": {"id": {},
	 "up": {"x-from": "n", "x-apply": [{"round": 2}]},
	 "even": {"x-from": "n", "x-apply":
	    [{"round": 2, "mode": "half-even"}]}}}
	E
	run_stage transform -s s.json <in
	expect_status 0
	python3 - <<-'E'
	import decimal, json
	want = {n: [x.split() for x in open(n)] for n in ("up", "even")}
	rows = [json.loads(x) for x in open("out")]
	rows = [r["record"] for r in rows if r["type"] == "RECORD"]
	assert len(rows) == 5000
	for i, r in enumerate(rows):
	    for n in want:
	        a, b = decimal.Decimal(r[n]), decimal.Decimal(want[n][i][1])
	        assert a == b, (i, n, r, want[n][i])
	E
}

@test "10,000 broken streams and files: no crash, no wrong row, a line number" {
	d=$GOLDEN
	runs=${FUZZ_RUNS:-10000}
	cat >simple.json <<-E
	{"x-source": {"table": "t"}, "properties": {"_id": {"x-from": "id"},
	 "b": {"x-from": "a"}}}
	E
	"$SUPPORT/mutate" --runs $((runs / 5)) --same \
	    "$d"/pass-without-a-file/in "$d"/bytes-stay-as-they-are/in \
	    "$d"/two-streams-by-turns/in -- transform --no-schemas
	"$SUPPORT/mutate" --runs $((runs / 5)) --rename id=_id,a=b \
	    "$d"/columns-keep/in "$d"/two-streams-by-turns/in \
	    -- transform -s simple.json
	for c in split-map-boolean texts json-columns dates-and-numbers; do
		rm -f r
		"$SUPPORT/mutate" --runs $((runs / 10)) "$d/$c/in" \
		    -- transform -s "$d/$c/schema.json" --rejects r
	done
	"$SUPPORT/mutate" --runs $((runs / 5)) --line '/dev/stdin' \
	    "$ROOT/schemas/orders.json" "$d"/split-map-boolean/schema.json \
	    "$d"/texts/schema.json -- transform --check /dev/stdin
}

@test "memory does not grow with the rows" {
	strict_schema
	stream 3000 | sed '/"a":null/d' >in
	body() { grep RECORD in; }
	{ head -1 in; body; } >small
	{ head -1 in; for _ in $(seq 100); do body; done; } >large
	"$SUPPORT/peak" a transform -s strict.json <small >/dev/null
	"$SUPPORT/peak" b transform -s strict.json <large >/dev/null
	[ "$(cat b)" -lt $(($(cat a) + 1024)) ] ||
	    fail "$(cat a) KiB, then $(cat b) KiB"
}

# The N-th display of schema(5), as it is read.
display() {
	awk -v n="$1" '/^\.Bd -literal/ { i++; next } /^\.Ed/ { on = 0 }
	    i == n && !/^\./ { print } ' "$ROOT/schemas/schema.5"
}

@test "the example of schema(5) is right" {
	display 1 | sed '/^}$/q' >users.json
	run_stage transform --check users.json
	expect_status 0
	display 2 | awk '/^\{/ { if (s) print s; s = "" }
	    /^[{ ]/ { sub(/^ /, ""); s = s $0 } END { print s }' >lines
	{
		echo '{"type":"SCHEMA","stream":"users","schema":{},' \
		    '"key_properties":["id"]}'
		echo "{\"type\":\"RECORD\",\"stream\":\"users\",\"record\":$(sed \
		    -n 1p lines)}"
		echo '{"type":"STATE","value":null}'
	} >in
	run_stage transform -s users.json <in
	expect_status 0
	expect_in out "\"record\":$(sed -n 2p lines)}"
}

# --- Proposals ------------------------------------------------------------

@test "--propose: what it changes is said, and the result fits" {
	d=$GOLDEN/propose-changes
	cp "$d/schema.json" .
	LOG_FORMAT=text run_stage transform --propose -s schema.json <"$d/in"
	expect_status 1
	expect_in err ' ~ qty: the column qty is bigint; "long" instead of'
	expect_in err ' - fax: the column fax is gone'
	expect_in err ' + photo: the column photo (blob), as {"bsonType"'
	expect_in err ' ~ name: the column name is gone, now of full_name'
	cp out new.json
	LOG_FORMAT=text run_stage transform --propose -s new.json <"$d/in"
	expect_status 0
	expect_same out new.json
	expect_in err 'new.json: fits the columns as they are'
	sed -n 2p "$d/in" >rows
	printf '%s' '{"type":"RECORD","stream":"t","record":{"id":1,' \
	    '"full_name":null,"qty":2,"price":"1.5","kind":"c","code":3,' \
	    '"seen":null,"photo":null,"tags":["x"],"big":"1","doc":[],' \
	    '"$odd.name":0.5,"updated_at":null}}' >>rows
	echo >>rows
	run_stage transform -s new.json <rows
	expect_status 0
	expect_in out '"_odd_name":0.5'
}

@test "--propose takes a catalog, and one stream at a time" {
	printf '%s\n' '{"streams":[' \
	    '{"stream":"t","schema":{"properties":{"id":{"type":["integer"]},' \
	    '"n":{"type":["string"]}}},"key_properties":["id"],"metadata":[' \
	    '{"breadcrumb":[],"metadata":{"valid-replication-keys":["n"]}}]}' \
	    ']}' >catalog
	run_stage transform --propose --no-schemas <catalog
	expect_status 1
	expect_in out '"table": "t", "key": ["id"], "change": "n"}'
	expect_in out '"_id": {"x-from": "id", "type": "integer"}'
	cp out t.json
	run_stage transform --propose -s t.json <catalog
	expect_status 0
	expect_same out t.json
	run_stage transform --propose -s t.json </dev/null
	expect_status 100
	expect_in err 'no SCHEMA of the stream t came in'
}

@test "a column that a property is made of is gone: a stop, and what to do" {
	echo '{"x-source":{"table":"t"},"properties":{"_id":{"x-from":"id"},
	    "a":{"type":"string"}}}' >t.json
	schema='{"type":"SCHEMA","stream":"t","schema":{"properties":{"id":'
	schema+='{"type":"integer"},"%s":{"type":"string"}}},'
	schema+='"key_properties":["id"]}\n'
	{
		# shellcheck disable=SC2059  # it is a format
		printf "$schema" a
		echo '{"type":"RECORD","stream":"t","record":{"id":1,"a":"x"}}'
		# shellcheck disable=SC2059
		printf "$schema" aa
		echo '{"type":"RECORD","stream":"t","record":{"id":1,"aa":"x"}}'
	} >in
	LOG_FORMAT=text run_stage transform -s t.json <in
	expect_status 100
	expect_in err 'has no column "a", of which the property "a" is made'
	expect_in err '~ a: the column a is gone, now of aa (string): renamed?'
	expect_equal "$(grep -c '"RECORD"' out)" 1

	# Said to be optional, it is no reason to stop.
	sed -i 's/"type":"string"/"default":"none"/' t.json
	run_stage transform -s t.json <in
	expect_status 0
	expect_in out '"a":"none","aa":"x"'
}
