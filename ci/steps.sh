# Running a list of steps, for ci/test and ci/verify: each step shows that it is alive, writes its
# output to build/logs/NAME.log and its end to the terminal if it failed; what follows goes on.
# steps_summary prints the table. Sourced, not run; the caller has changed to the repository's root.
#
# shellcheck shell=bash

mkdir -p build/logs
export CCACHE_BASEDIR=$PWD  # the same sources in another clone are the same sources
steps_jobs=$(nproc)
steps_started=$SECONDS
steps_rows=()  # "name<TAB>passed<TAB>failed<TAB>seconds", in order
steps_passed=0
steps_failed=0
steps_child=

# A step runs in its own process group: an interrupted script takes what it started with it.
steps_stop() {
  if [ -n "$steps_child" ]; then kill -- "-$steps_child" 2>/dev/null; fi
  exit 130
}
trap steps_stop INT TERM

# steps_watch LOG: shows how far the running step is, until it ends. On a terminal one line,
# rewritten every second; elsewhere a line every twenty seconds, so that a log shows life without
# drowning in it.
steps_watch() {
  local log=$1 name=$2 began=$SECONDS last shown=$SECONDS
  while kill -0 "$steps_child" 2>/dev/null; do
    if [ -t 1 ]; then
      last=$(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-60)
      printf '\r\033[K  %4ds  %s  %s' $((SECONDS - began)) "$name" "$last"
    elif [ $((SECONDS - shown)) -ge 20 ]; then
      shown=$SECONDS
      last=$(tail -n 1 "$log" 2>/dev/null | tr '\r' '\n' | tail -n 1 | cut -c1-80)
      printf '  %4ds  %s  %s\n' $((SECONDS - began)) "$name" "$last"
    fi
    sleep 0.2
  done
  if [ -t 1 ]; then printf '\r\033[K'; fi
}

# steps_count LOG STATUS: sets counted_passed and counted_failed. A ctest log counts its tests; any
# other step is one.
steps_count() {
  local log=$1 status=$2 summary
  summary=$(grep -oE '[0-9]+ tests? failed out of [0-9]+' "$log" | tail -n 1)
  if [ -n "$summary" ]; then
    counted_failed=${summary%% *}
    counted_passed=$((${summary##* } - counted_failed))
    if [ "$status" -ne 0 ] && [ "$counted_failed" -eq 0 ]; then counted_failed=1; fi
  elif [ "$status" -eq 0 ]; then
    counted_passed=1 counted_failed=0
  else
    counted_passed=0 counted_failed=1
  fi
}

# step NAME COMMAND...: runs COMMAND as a step. Returns its status, which the caller may ignore.
step() {
  local name=$1 log status began=$SECONDS counted_passed counted_failed verdict=ok
  shift
  log=build/logs/${name//[^A-Za-z0-9_-]/_}.log
  printf '[%5ds] %s\n' $((SECONDS - steps_started)) "$name"
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  steps_child=$!
  set +m
  steps_watch "$log" "$name"
  wait "$steps_child"
  status=$?
  steps_child=
  steps_count "$log" "$status"
  steps_passed=$((steps_passed + counted_passed))
  steps_failed=$((steps_failed + counted_failed))
  steps_rows+=("$name"$'\t'"$counted_passed"$'\t'"$counted_failed"$'\t'$((SECONDS - began)))
  if [ "$counted_failed" -ne 0 ]; then
    verdict=FAILED
    printf -- '---- from %s\n' "$log"
    # What its end may not show.
    head -n -50 "$log" | grep -E -m 20 'error:|FAILED:|\*\*\*|check failed'
    tail -n 50 "$log"
    printf -- '----\n'
  fi
  printf '         %s: %s, %d passed, %d failed, %d s\n' \
    "$name" "$verdict" "$counted_passed" "$counted_failed" $((SECONDS - began))
  return "$status"
}

# step_skipped NAME REASON: a step that cannot run because an earlier one failed. It counts as
# failed.
step_skipped() {
  printf '[%5ds] %s: NOT RUN, %s\n' $((SECONDS - steps_started)) "$1" "$2"
  steps_failed=$((steps_failed + 1))
  steps_rows+=("$1 (not run)"$'\t'0$'\t'1$'\t'0)
}

# steps_summary: the table and, as the very last line, the totals. Returns 1 if anything failed.
steps_summary() {
  local row name passed failed seconds
  printf '\n%-44s %8s %8s %8s\n' step passed failed seconds
  for row in ${steps_rows[@]+"${steps_rows[@]}"}; do
    IFS=$'\t' read -r name passed failed seconds <<<"$row"
    printf '%-44s %8d %8d %8d%s\n' "$name" "$passed" "$failed" "$seconds" \
      "$([ "$failed" -eq 0 ] || echo '   <-- failed')"
  done
  printf '%-44s %8d %8d %8d\n\n' total "$steps_passed" "$steps_failed" $((SECONDS - steps_started))
  printf '%d passed, %d failed\n' "$steps_passed" "$steps_failed"
  [ "$steps_failed" -eq 0 ]
}

# configure PRESET, build PRESET [TARGET...]: what CMakePresets.json says, in build/PRESET.
configure() { cmake --preset "$1"; }
build() {
  local preset=$1
  shift
  cmake --build --preset "$preset" -j "$steps_jobs" ${@:+--target "$@"} -- -k 0
}
