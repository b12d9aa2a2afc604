#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The template plugin outside of the tree: installs libkarez-1 from a build directory to a prefix of
# its own, builds a copy of the plugin's folder against it alone, and runs its tests.
#
#   tests/template-out-of-tree.sh BUILD-DIRECTORY PLUGIN-FOLDER
set -eu

build=$(cd "$1" && pwd)
plugin=$(cd "$2" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

fail() {
  echo "Bail out! $1"
  exit 1
}

echo "1..3"
# Only the library, its headers and its .pc file: what a plugin may see.
DESTDIR="$place/root" meson install -C "$build" --no-rebuild --tags devel,runtime \
  >"$place/install.log" 2>&1 || { cat "$place/install.log"; fail 'libkarez-1 cannot be installed'; }
pc=$(find "$place/root" -name karez-1.pc)
[ -n "$pc" ] || fail 'karez-1.pc was not installed'
libdir=$(dirname "$(dirname "$pc")")
prefix=$(sed -n 's/^prefix=//p' "$pc")
# The copy is used where it lies.
sed -i "s|^prefix=.*|prefix=$place/root$prefix|" "$(dirname "$pc")"/karez-*.pc

mkdir "$place/project"
cp "$plugin/standalone/meson.build" "$place/project/"
cp -r "$plugin" "$place/project/template"
PKG_CONFIG_PATH=$(dirname "$pc")
LD_LIBRARY_PATH=$libdir
export PKG_CONFIG_PATH LD_LIBRARY_PATH
meson setup "$place/build" "$place/project" --prefix "$place/out" >"$place/setup.log" 2>&1 \
  || { cat "$place/setup.log"; fail 'the copy cannot be configured'; }
ninja -j2 -C "$place/build" >"$place/build.log" 2>&1 \
  || { cat "$place/build.log"; fail 'the copy cannot be built'; }
echo 'ok 1 - builds against the installed libkarez-1'

meson test -C "$place/build" >"$place/test.log" 2>&1 \
  || { cat "$place/test.log"; fail 'the tests of the copy fail'; }
echo 'ok 2 - its tests pass'

DESTDIR="$place/stage" ninja -C "$place/build" install >"$place/stage.log" 2>&1 \
  || { cat "$place/stage.log"; fail 'the copy cannot be installed'; }
for name in template.plugin template-plugin.so template-modality.so po/zh_CN.mo po/ug.mo; do
  [ -n "$(find "$place/stage" -path "*/karez-1/plugins/template/$name")" ] \
    || fail "$name was not installed"
done
for module in template-plugin:karez_plugin_abi template-modality:karez_modality_abi; do
  file=$(find "$place/stage" -name "${module%%:*}.so")
  symbols=$(nm -D --defined-only "$file" | cut -d' ' -f3)
  [ "$symbols" = "${module##*:}" ] || fail "$file shows $symbols, not only ${module##*:}"
done
gresource list "$(find "$place/stage" -name template-plugin.so)" | grep -q 'sql/0001-template.sql$' \
  || fail 'the control module carries no migration'
echo 'ok 3 - installs its two modules, each of which shows one symbol, and its catalogues'
