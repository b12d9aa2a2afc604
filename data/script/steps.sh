# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What ./karez says while it works: one line a step, with its time; the rest goes to a log.

# shellcheck disable=SC2154  # artefacts comes from ./karez

if [ -t 1 ] && [ "${CI:-}" != true ] && [ "${TERM:-dumb}" != dumb ]; then
  terminal=yes
else
  terminal=no
fi

die () { # MESSAGE [EXIT CODE]
  printf 'karez: %s\n' "$1" >&2
  exit "${2:-1}"
}

say () {
  printf 'karez: %s\n' "$*"
}

# Milliseconds since the machine's start; no process is made for it.
clock_ms () {
  local up
  read -r up _ </proc/uptime
  printf '%s' "$((10#${up/./} * 10))"
}

seconds () { # FROM_MS TO_MS → "12.3 s"
  local d=$((($2 - $1) / 100))
  printf '%d.%d s' "$((d / 10))" "$((d % 10))"
}

# Runs a command as a step: its output goes to a log, its end and time to the screen. A failed
# step shows the end of its log.
step () { # LOG TITLE COMMAND…
  local log=$artefacts/log/$1.log title=$2 begin now next=30000 pid code=0 line
  shift 2
  mkdir -p "$artefacts/log"
  begin=$(clock_ms)
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  step_pid=$pid
  while kill -0 "$pid" 2>/dev/null; do
    now=$(clock_ms)
    if [ $terminal = yes ]; then
      line=$(tail -c 300 "$log" 2>/dev/null | tr '\r' '\n' | tail -n 1 | tr -dc '[:print:]') || line=
      printf '\r\033[K  … %s  %s' "$title" "${line:0:$((${COLUMNS:-100} - ${#title} - 8))}"
    elif [ $((now - begin)) -ge $next ]; then
      printf '  … %s, %s so far\n' "$title" "$(seconds "$begin" "$now")"
      next=$((next * 2))
    fi
    sleep 0.1
  done
  wait "$pid" || code=$?
  step_pid=
  now=$(clock_ms)
  [ $terminal = yes ] && printf '\r\033[K'
  if [ $code -eq 0 ]; then
    printf '  ✓ %s, %s\n' "$title" "$(seconds "$begin" "$now")"
  else
    printf '  ✗ %s, %s\n' "$title" "$(seconds "$begin" "$now")"
    tail -n 40 "$log" | sed 's/^/    /'
    printf 'karez: %s failed; all of it is in %s\n' "$title" "$log" >&2
  fi
  return $code
}

# A command that is interrupted takes its step along.
step_pid=
trap '[ -z "$step_pid" ] || kill "$step_pid" 2>/dev/null; exit 130' INT TERM
