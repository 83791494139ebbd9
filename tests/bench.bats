# The measuring itself, and the instructions that a row takes. What is
# measured is no test: a clock says nothing on a busy machine.

load support/helpers

setup_file() { use_servers; }
teardown_file() { release_servers; }
setup() { cd_temp; }

@test "medians, intervals and verdicts of known numbers" {
	"$ROOT/tests/bench/test_stats"
}

@test "no program takes 2 % more instructions a row than it did" {
	"$ROOT/tests/bench/check" || fail \
	    "if it has to be: make bench-check UPDATE=1"
}

@test "a row that takes more instructions is noticed" {
	cp -R "$ROOT/tests/bench" .
	python3 - <<-'X' >out
	import sys
	sys.dont_write_bytecode = True
	sys.path.insert(0, "bench")
	from importlib.machinery import SourceFileLoader
	check = SourceFileLoader("check", "bench/check").load_module()
	for new in (1021, 1019, 900):
	    print(*check.compare({"load": new}, {"load": 1000}))
	print(*check.compare({"load": 1}, {"load": 1, "extract": 1}))
	X
	expect_match out "MORE THAN 2 %.*False"
	expect_match out "extract: not in both.*False"
	expect_equal "$(grep -c True out)" 2
}

@test "make bench measures, with few rows" {
	BENCH_ROWS=2000 BENCH_PAIRS=2 BENCH_OUT=. "$ROOT/tests/bench/run" \
	    extract transform load all start >out 2>err ||
	    fail "$(tail -n 30 out err)"
	expect_in out "extract, CPU of mysql --batch --quick"
	jq -e '.failed == [] and (.bars | length) >= 8 and
	    all(.bars[]; .verdict == "not run" or (.samples | length) == 1)
	    ' bench.json
	expect_in bench.svg "all three, CPU-s per million rows"
}
