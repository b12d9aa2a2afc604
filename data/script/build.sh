# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Packages, npm, Meson: each does nothing when nothing changed.

# shellcheck disable=SC2154  # tree, build, artefacts come from ./karez

# The packages of the groups that dpkg does not have, one a line.
packages_missing () { # GROUP…
  local group package command listed=()
  while read -r group package command _; do
    case $group in '' | '#'*) continue ;; esac
    case " $* " in *" $group "*) ;; *) continue ;; esac
    case $command in
      '' | '#'*) ;;
      *) if command -v "$command" >/dev/null; then continue; fi ;;
    esac
    listed+=("$package")
  done <data/packages.txt
  # dpkg-query fails when it knows nothing of one of them, and still tells about the others.
  comm -23 <(printf '%s\n' "${listed[@]}" | sort) \
    <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "${listed[@]}" 2>/dev/null \
      | awk '$1 == "ii" || $1 == "hi" { print $2 }' | sort)
}

packages_install () { # PACKAGE…
  local drop_in=/etc/postgresql-common/createcluster.d/karez.conf ours=no code=0
  local -a root=(env DEBIAN_FRONTEND=noninteractive)
  [ "$(id -u)" -eq 0 ] || root=(sudo "${root[@]}")
  step apt-update "reading Debian's package lists" "${root[@]}" apt-get update -q || return 1
  # Karez brings its own cluster up; Debian's "main" would only take memory and a port.
  if ! [ -e /etc/postgresql-common ]; then
    ours=yes
    "${root[@]}" mkdir -p "${drop_in%/*}"
    printf 'create_main_cluster = false\n' | "${root[@]}" tee "$drop_in" >/dev/null
  fi
  step apt-install "installing $# Debian packages" "${root[@]}" apt-get install -q -y \
    --no-install-recommends -o Dpkg::Use-Pty=0 "$@" || code=$?
  [ $ours = no ] || "${root[@]}" rm -f "$drop_in"
  return $code
}

ensure_packages () { # GROUP…
  local -a missing
  mapfile -t missing < <(packages_missing "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null \
    || die "this is not Debian; what is needed: ${missing[*]}"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null \
    || die "as root or with sudo I would install: ${missing[*]}"
  printf '  missing: %s\n' "${missing[*]}"
  packages_install "${missing[@]}" || exit 1
}

# npm ci, when the lock file or Node's major version changed since the last time.
ensure_npm () { # DIRECTORY
  local directory=$1 stamp=$1/node_modules/.karez-stamp want
  command -v node >/dev/null || die "node is not in PATH, though its package is installed"
  want="$(sha256sum <"$directory/package-lock.json") $(node --version)"
  [ "$(cat "$stamp" 2>/dev/null)" != "$want" ] || return 0
  step "npm-${directory##*/}" "installing the npm packages of $directory" \
    npm --prefix "$directory" ci --ignore-scripts --no-audit --no-fund || exit 1
  printf '%s\n' "$want" >"$stamp"
}

build_setup () { # DIRECTORY MESON_OPTION…
  local directory=$1
  shift
  [ -f "$directory/build.ninja" ] || rm -rf "$directory/meson-private" "$directory/meson-info"
  [ -f "$directory/build.ninja" ] \
    || step "meson-${directory##*/}" "configuring ${directory##*/}" \
      meson setup "$@" "$directory" "$tree" || exit 1
}

build_compile () { # DIRECTORY
  step "ninja-${1##*/}" "building ${1##*/}" ninja -C "$1" || exit 1
}

# Everything that every command needs before its own work.
ensure_built () { # GROUP…
  ensure_packages build "$@"
  ensure_npm data/web
  build_setup "$build"
  build_compile "$build"
}
