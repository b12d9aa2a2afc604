# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The demo: two hubs, their supervisor, and how all of it ends.
#
# $var/NAME/ is a hub's state, $var/NAME/karez.conf its configuration, $var/demo.pid the
# supervisor's process id, held with a lock so that a stale file deceives nobody.

# shellcheck disable=SC2154  # tree, build come from ./karez

hubs=(aral hangzhou)
declare -A hub_port=([aral]=8801 [hangzhou]=8802)
declare -A hub_secure_port=([aral]=8811 [hangzhou]=8812)
declare -A hub_peer_port=([aral]=9801 [hangzhou]=9802)
declare -A hub_id=([aral]=0190d1a0-0000-7000-8000-00000000a4a1
  [hangzhou]=0190d1a0-0000-7000-8000-00000000a2c0)
declare -A hub_names=(
  [aral]=$'Name=Aral Tarim Hospital\nName[zh_CN]=阿拉尔塔里木医院\nName[ug]=ئارال تارىم دوختۇرخانىسى'
  [hangzhou]=$'Name=Hangzhou Qiantang Hospital\nName[zh_CN]=杭州钱塘医院\nName[ug]=خاڭجۇ چيەنتاڭ دوختۇرخانىسى')

var=${KAREZ_VAR:-$tree/var}
karezd=$build/hub/daemon/karezd
karezctl=$build/hub/ctl/karezctl

# As root the database runs as another user, who must be able to reach its directory: a clone in
# /root cannot hold it. Then var is a link to where it can be.
demo_place () {
  local directory mode elsewhere
  if [ "$(id -u)" -eq 0 ] && ! [ -e "$var" ]; then
    directory=$(realpath -m "$var")
    while directory=${directory%/*} && [ -n "$directory" ]; do
      [ -e "$directory" ] || continue
      mode=$(stat -c %a "$directory")
      case $mode in
        *[1357]) ;;
        *)
          elsewhere=/var/lib/karez-demo-$(printf '%s' "$var" | sha256sum | cut -c1-8)
          mkdir -p "$elsewhere"
          ln -sfn "$elsewhere" "$var"
          say "only root can enter $directory, so the hubs' state is kept in $elsewhere"
          break
          ;;
      esac
    done
  fi
  mkdir -p "$var"
  var=$(realpath "$var")
}

# A socket's name has at most 107 bytes: a deep tree gets its sockets in a short directory.
demo_runtime () { # HUB
  local runtime=$var/$1/run
  [ $((${#runtime})) -le 75 ] \
    || runtime=/tmp/karez-$(id -u)-$(printf '%s' "$var" | sha256sum | cut -c1-8)/$1
  printf '%s' "$runtime"
}

demo_configure () { # HUB
  local name=$1 state=$var/$1 runtime
  runtime=$(demo_runtime "$name")
  mkdir -p "$state" "$runtime"
  demo_write_configuration "$name" "$state" "$runtime"
  # A plugin from elsewhere, for as long as it is named.
  sed -i "s|^Path=.*|Path=$build/plugins${KAREZ_PLUGINS:+;$KAREZ_PLUGINS}|" "$state/karez.conf"
  demo_add_settings "$name" "$state/karez.conf"
}

# What plugins bring for the demo: [Plugin ID], once. @PARTNER@ is the address of the other desk.
demo_add_settings () { # HUB FILE
  local settings other
  for other in "${hubs[@]}"; do [ "$other" = "$1" ] || break; done
  for settings in "$build"/plugins/*/demo/settings.conf; do
    [ -f "$settings" ] || continue
    grep -qxF "$(grep -m 1 '^\[' "$settings")" "$2" \
      || { echo; sed "s|@PARTNER@|http://$other.localhost:${hub_port[$other]}|" "$settings"; } >>"$2"
  done
}

demo_write_configuration () { # HUB STATE RUNTIME
  local name=$1 state=$2 runtime=$3
  [ -f "$state/karez.conf" ] && return
  cat >"$state/karez.conf" <<CONF
# Made by ./karez demo; kept until ./karez demo --reset.
[Hub]
Id=${hub_id[$name]}
${hub_names[$name]}
State=$state
Runtime=$runtime
Development=yes

[Web]
Listen=127.0.0.1
Port=${hub_port[$name]}
Origin=http://$name.localhost:${hub_port[$name]}
# HTTPS beside it, by an authority of the hub's own: ./karez demo says where its root is.
SecurePort=${hub_secure_port[$name]}
Authority=own

[Peers]
Listen=127.0.0.1
Port=${hub_peer_port[$name]}
Advertise=127.0.0.1:${hub_peer_port[$name]}

[Plugins]
Path=$build/plugins

[Link]
Address=127.0.0.1
CONF
}

# Whether the hub says it is ready; "Host" is what its browsers say.
demo_is_ready () { # HUB
  local answer
  exec 3<>"/dev/tcp/127.0.0.1/${hub_port[$1]}" || return 1
  printf 'GET /readyz HTTP/1.1\r\nHost: %s.localhost:%s\r\nConnection: close\r\n\r\n' \
    "$1" "${hub_port[$1]}" >&3
  IFS= read -r -t 2 answer <&3 || answer=
  exec 3<&-
  case $answer in 'HTTP/1.'[01]' 200'*) return 0 ;; *) return 1 ;; esac
}

# How often a hub has died before it lived for a second, one after the other.
demo_deaths () { # HUB
  local count=0
  read -r count 2>/dev/null <"$var/$1/deaths" || true
  printf '%s' "${count:-0}"
}

demo_wait_ready () { # yes: this call started them
  local begin name started=$1
  begin=$(clock_ms)
  for name in "${hubs[@]}"; do
    until demo_is_ready "$name" 2>/dev/null; do
      demo_is_running || { tail -n 20 "$var/$name/karezd.log"; die "the demo ended by itself"; }
      if [ $(($(clock_ms) - begin)) -gt 90000 ] || [ "$(demo_deaths "$name")" -ge 5 ]; then
        tail -n 20 "$var/$name/karezd.log"
        [ "$started" = no ] || demo_stop
        die "$name does not get ready; its log is $var/$name/karezd.log"
      fi
      sleep 0.1
    done
    printf '  ✓ %s is ready, %s\n' "$name" "$(seconds "$begin" "$(clock_ms)")"
  done
}

# The lock outlives no process: only its holder counts.
demo_is_running () {
  [ -f "$var/demo.lock" ] && ! flock -n "$var/demo.lock" true
}

# Keeps one hub running: a hub that ends is started again at once, and more slowly only when it
# keeps dying young.
demo_keep () { # HUB
  local name=$1 pid='' begin pause=0 deaths=0 over=no
  trap 'over=yes; [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null' TERM
  trap '[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null' HUP
  while [ $over = no ]; do
    begin=$(clock_ms)
    KAREZ_WORKER=$build/hub/worker/karez-worker \
      "$karezd" --config "$var/$name/karez.conf" >>"$var/$name/karezd.log" 2>&1 </dev/null &
    pid=$!
    printf '%s\n' "$pid" >"$var/$name/karezd.pid"
    # A trapped signal ends wait early; the hub's end is what counts.
    while kill -0 "$pid" 2>/dev/null; do wait "$pid" || true; done
    pid=
    [ $over = no ] || break
    printf '%s supervisor: %s ended, starting it again\n' "$(date +%T)" "$name" \
      >>"$var/$name/karezd.log"
    if [ $(($(clock_ms) - begin)) -lt 1000 ]; then
      deaths=$((deaths + 1))
      printf '%s\n' $deaths >"$var/$name/deaths"
      pause=$((pause < 16 ? pause + pause + 1 : 20))
      sleep "$((pause / 10)).$((pause % 10))" || true
    else
      pause=0 deaths=0
      rm -f "$var/$name/deaths"
    fi
  done
  rm -f "$var/$name/karezd.pid"
}

# Runs until TERM; HUP restarts the hubs, for a new build.
demo_supervise () {
  local name pid
  local -a keepers=()
  var=$(realpath "$var")
  exec 9>"$var/demo.lock"
  # Who looks whether it is held holds it for a moment.
  flock -w 2 9 || die "the demo runs already; ./karez demo --stop ends it"
  printf '%s\n' "$BASHPID" >"$var/demo.pid"
  for name in "${hubs[@]}"; do
    # Nothing below may hold the lock: workers and databases outlive this.
    demo_keep "$name" 9>&- &
    keepers+=($!)
  done
  trap 'kill -TERM "${keepers[@]}" 2>/dev/null' TERM INT
  trap 'kill -HUP "${keepers[@]}" 2>/dev/null' HUP
  for pid in "${keepers[@]}"; do
    while kill -0 "$pid" 2>/dev/null; do wait "$pid" || true; done
  done
  rm -f "$var/demo.pid"
}

# The processes of this demo that are not its supervisor's children: whose command line or
# environment names a path below $var, or where the sockets are.
demo_leftovers () {
  local entry pid
  for entry in /proc/[0-9]*; do
    pid=${entry#/proc/}
    case $pid in "$$" | "$BASHPID") continue ;; esac
    case $(readlink "$entry/exe" 2>/dev/null) in
      */karez-worker* | */karezd* | */karez-media* | */postgres*) ;;
      *) continue ;;
    esac
    # A server of PostgreSQL is told by where it works, the rest by what it was given.
    case $(readlink "$entry/cwd" 2>/dev/null)/ in
      "$var"/*) printf '%s\n' "$pid"; continue ;;
    esac
    if grep -qaF -e "$var/" -e "$(demo_runtime aral)/" -e "$(demo_runtime hangzhou)/" \
      "$entry/cmdline" "$entry/environ" 2>/dev/null; then
      printf '%s\n' "$pid"
    fi
  done
}

# Ends processes, the hard way after a while.
demo_end () { # SIGNAL TENTHS PID…
  local signal=$1 tenths=$2 pid alive
  shift 2
  [ $# -gt 0 ] || return 0
  kill "-$signal" "$@" 2>/dev/null || true
  while [ "$tenths" -gt 0 ]; do
    alive=no
    for pid in "$@"; do
      case $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) in '' | Z) ;; *) alive=yes ;; esac
    done
    [ $alive = yes ] || return 0
    sleep 0.1
    tenths=$((tenths - 1))
  done
  kill -KILL "$@" 2>/dev/null || true
}

demo_stop () {
  local name pid file
  local -a workers=() servers=() rest=()
  [ -d "$var" ] || { say "there is no demo here"; return 0; }
  var=$(realpath "$var")
  if demo_is_running; then
    pid=$(cat "$var/demo.pid" 2>/dev/null) && demo_end TERM 100 "$pid"
  fi
  mapfile -t rest < <(demo_leftovers)
  for pid in "${rest[@]}"; do
    case $(readlink "/proc/$pid/exe") in
      */postgres*) ;;
      *) workers+=("$pid") ;;
    esac
  done
  demo_end TERM 50 "${workers[@]}"
  # "postmaster.pid" names the server itself; its children end with it.
  for name in "${hubs[@]}"; do
    file=$var/$name/postgres/postmaster.pid
    pid=$(head -n 1 "$file" 2>/dev/null) || continue
    case $(readlink "/proc/$pid/cwd" 2>/dev/null) in
      "$var/$name/postgres") servers+=("$pid") ;;
    esac
  done
  demo_end INT 100 "${servers[@]}"
  mapfile -t rest < <(demo_leftovers)
  demo_end KILL 10 "${rest[@]}"
  say "stopped: both hubs, ${#workers[@]} sessions' workers, ${#servers[@]} databases"
}

demo_reset () {
  local name runtime
  demo_stop
  [ -d "$var" ] || return 0
  for name in "${hubs[@]}"; do
    runtime=$(demo_runtime "$name")
    rm -rf "${runtime:?}" "${var:?}/$name"
  done
  rm -rf "${var:?}"
  # Where var was a link to.
  [ ! -L "${KAREZ_VAR:-$tree/var}" ] || rm -f "${KAREZ_VAR:-$tree/var}"
  say "the demo's data is gone"
}

# Sample data and the pairing, once for each hub: the stamps are in its state.
demo_fill () {
  local name
  for name in "${hubs[@]}"; do
    [ ! -e "$var/$name/demo-loaded" ] || continue
    step "demo-load-$name" "loading the sample data of $name" \
      "$karezctl" --config "$var/$name/karez.conf" demo load "$name" || exit 1
    touch "$var/$name/demo-loaded"
  done
  if ! [ -e "$var/demo-paired" ]; then
    step demo-pair "pairing the two hospitals" python3 "$tree/data/script/pair.py" \
      "$(demo_runtime aral)/karezd.sock" "$(demo_runtime hangzhou)/karezd.sock" \
      "127.0.0.1:${hub_peer_port[hangzhou]}" || exit 1
    touch "$var/demo-paired"
  fi
  demo_day
}

# Today's sessions, once a day: each hospital asks for its own, then answers what has arrived.
demo_day () {
  local today round name
  today=$(date +%F)
  [ "$(cat "$var/demo-day" 2>/dev/null)" != "$today" ] || return 0
  for round in ask answer; do
    for name in "${hubs[@]}"; do
      step "demo-$round-$name" "today's sessions: $name, $round" \
        "$karezctl" --config "$var/$name/karez.conf" demo day "$name" || exit 1
    done
    sleep 1 # for the messages between the hospitals
  done
  printf '%s\n' "$today" >"$var/demo-day"
}

demo_tell () {
  local name port
  printf '\n'
  for name in "${hubs[@]}"; do
    printf '  %-10s http://%s.localhost:%s' "$name" "$name" "${hub_port[$name]}"
    # A configuration of an older demo has none.
    port=$(sed -n 's/^SecurePort=//p' "$var/$name/karez.conf")
    printf '%s\n' "${port:+   https://$name.localhost:$port (root: /root.crt)}"
  done
  printf '\n'
  cat data/demo/logins.txt
  printf '\n'
}

# Whether a program of the hubs is newer than what runs.
demo_is_old () {
  [ -n "$(find "$build/hub" "$build/plugins" -newer "$var/demo.pid" \
    \( -name karezd -o -name '*.so*' \) -print -quit 2>/dev/null)" ]
}

demo_start () { # yes: in the background
  local name pid started=no
  demo_place
  for name in "${hubs[@]}"; do demo_configure "$name"; done
  if demo_is_running; then
    if demo_is_old; then
      say "the demo runs already; its hubs are started again with the new build"
      touch "$var/demo.pid"
      kill -HUP "$(cat "$var/demo.pid")"
      sleep 0.5
    else
      say "the demo runs already"
    fi
  else
    started=yes
    for name in "${hubs[@]}"; do rm -f "$var/$name/deaths"; done
    setsid "$tree/karez" __supervise >>"$var/supervisor.log" 2>&1 </dev/null &
    pid=$!
    until demo_is_running; do
      kill -0 "$pid" 2>/dev/null || die "no supervisor: $(tail -n 1 "$var/supervisor.log")"
      sleep 0.02
    done
  fi
  demo_wait_ready $started
  demo_fill
  demo_tell
  if [ "$1" = yes ]; then
    say "runs in the background; ./karez demo --stop ends it"
    return 0
  fi
  say "Ctrl-C ends it"
  trap 'printf "\n"; demo_stop; exit 0' INT TERM
  while demo_is_running; do sleep 0.5; done
  die "the supervisor ended; its log is $var/supervisor.log"
}

command_demo () {
  local detach=no action=start option
  for option in "$@"; do
    case $option in
      --detach) detach=yes ;;
      --stop) action=stop ;;
      --reset) action=reset ;;
      *) die "demo knows --detach, --stop and --reset, not $option" 2 ;;
    esac
  done
  case $action in
    stop) demo_stop ;;
    reset) demo_reset ;;
    start)
      ensure_built run
      demo_start $detach
      ;;
  esac
}

# One hub in the foreground, with the database, data and configuration that the demo gives it.
command_dev () {
  local name=${1:-aral}
  [ $# -le 1 ] || die "dev takes one hub at most" 2
  [ -n "${hub_port[$name]:-}" ] || die "there is no hub $name; there are: ${hubs[*]}" 2
  ensure_built run
  demo_place
  demo_configure "$name"
  if demo_is_running; then
    die "the demo runs this hub already; ./karez demo --stop ends it"
  fi
  say "$name: http://$name.localhost:${hub_port[$name]}; Ctrl-C ends the hub, not its database"
  # /gallery, laid over the desk's files, which GLib does for a resource.
  exec meson devenv -C "$build" env G_RESOURCE_OVERLAYS="/org/karez/desk=$tree/data/web/dev" \
    KAREZ_WORKER="$build/hub/worker/karez-worker" "$karezd" --config "$var/$name/karez.conf"
}
