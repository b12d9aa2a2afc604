# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ./karez check and ./karez bench.

# shellcheck disable=SC2154  # tree, build, build_asan, artefacts come from ./karez

suites=(rules base sdk store audit agenda peers link rtc web engine worker plugin fuzz ctl daemon e2e hostile)
# The suites of C programs, which the sanitizers run again.
suites_asan=(base sdk store audit agenda peers link rtc web engine worker plugin fuzz ctl)

# A word for each suite: what meson test wants.
suite_options () { # SUITE…
  local suite
  for suite in "$@"; do printf '%s\n' --suite "$suite"; done
}

# Runs the tests; their log is build/meson-logs/testlog.json. Failing is no error of the script.
check_run () { # DIRECTORY FACTOR SUITE…
  local directory=$1 factor=$2
  local -a options
  shift 2
  mapfile -t options < <(suite_options "$@")
  rm -f "$directory/meson-logs/testlog.json"
  # Twice as many at once as there are processors: most wait for time to pass.
  meson test -C "$directory" --no-rebuild --print-errorlogs --timeout-multiplier "$factor" \
    --num-processes $((2 * $(nproc))) "${options[@]}" </dev/null || true
}

asan_setup () {
  build_setup "$build_asan" -Db_sanitize=address,undefined -Db_lundef=false \
    -Doptimization=1 -Ddebug=true -Dc_args=-g1
}

# Builds for the sanitizers while the tests run, most of which wait: it gets what they leave of the
# processors, also where the kernel shares them out by terminal session.
asan_pid=
asan_begin () {
  local -a idle=(nice -n 19)
  asan_setup
  ! chrt --idle 0 true 2>/dev/null || idle=(chrt --idle 0)
  # shellcheck disable=SC2016  # in there
  setsid bash -c 'echo 19 2>/dev/null >/proc/self/autogroup; exec "$@"' bash \
    "${idle[@]}" ninja -C "$build_asan" -j "$(nproc)" \
    >"$artefacts/log/ninja-beside.log" 2>&1 </dev/null &
  asan_pid=$!
}

asan_end () {
  [ -z "$asan_pid" ] || kill -- "-$asan_pid" 2>/dev/null || true
}

check_asan () {
  if [ -n "$asan_pid" ]; then
    wait "$asan_pid" || true # what is wrong, the build says again
    asan_pid=
  fi
  asan_setup
  build_compile "$build_asan"
  # abort_on_error: a fault is a crash that Meson reports.
  ASAN_OPTIONS=abort_on_error=1:strict_string_checks=1 \
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    LSAN_OPTIONS=suppressions=$tree/tests/sanitizers.supp:print_suppressions=0 \
    G_SLICE=always-malloc \
    check_run "$build_asan" 4 "${suites_asan[@]}"
}

command_check () {
  local argument long=no asan=no begin code=0
  local -a wanted=() logs=()
  local -a groups=(run check)
  for argument in "$@"; do
    case $argument in
      --long)
        long=yes
        groups+=(long)
        export KAREZ_MUTATIONS=${KAREZ_MUTATIONS:-20000} KAREZ_SCREENSHOTS=${KAREZ_SCREENSHOTS:-all}
        ;;
      asan) asan=yes ;;
      -*) die "check knows --long, not $argument" 2 ;;
      *)
        case " ${suites[*]} " in
          *" $argument "*) wanted+=("$argument") ;;
          *) die "there is no suite $argument; there are: ${suites[*]} asan" 2 ;;
        esac
        ;;
    esac
  done
  if [ ${#wanted[@]} -eq 0 ] && [ $asan = no ]; then
    wanted=("${suites[@]}")
    asan=yes
  fi
  begin=$(clock_ms)
  ensure_built "${groups[@]}"
  [[ " ${wanted[*]} " != *" rules "* ]] || ensure_npm tests/lint
  mkdir -p "$artefacts"
  if [ ${#wanted[@]} -gt 0 ]; then
    if [ $asan = yes ]; then
      trap asan_end EXIT
      asan_begin
    fi
    say "suites: ${wanted[*]}"
    check_run "$build" 1 "${wanted[@]}"
    logs+=("$build:$(IFS=,; printf '%s' "${wanted[*]}")")
  fi
  if [ $asan = yes ]; then
    say "suite asan: ${suites_asan[*]}, with the address and undefined behaviour sanitizers"
    check_asan
    logs+=("$build_asan:$(IFS=,; printf '%s' "${suites_asan[*]}")")
  fi
  if [ $long = yes ]; then
    say "the fresh machine"
    "$tree/tests/fresh-machine" && code=0 || code=$?
    logs+=("fresh-machine=$code")
  fi
  say "all of it took $(seconds "$begin" "$(clock_ms)"); artefacts are in $artefacts"
  python3 data/script/count-tests.py "${logs[@]}"
}

command_bench () {
  # Standard output is for the figures alone.
  ensure_built run check bench >&2
  exec python3 tests/bench/run.py --build "$build" "$@"
}
