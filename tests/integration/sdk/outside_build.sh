#!/bin/sh
# outside_build.sh CMAKE SOURCE BUILD COMPILER
# Installs the SDK alone into a fresh folder, copies an example out of the tree,
# builds it there with CMake and with one compiler line, and looks for the one
# symbol that each library must export.
set -eu
cmake=$1 source=$2 build=$3 compiler=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR='' "$cmake" --install "$build" --component sdk --prefix "$work/prefix"
cp -r "$source/examples/hello" "$work/hello"
"$cmake" -G Ninja -S "$work/hello" -B "$work/out" -DCMAKE_PREFIX_PATH="$work/prefix" \
  -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release
"$cmake" --build "$work/out"
"$compiler" -std=c++20 -O2 -shared -fPIC -fvisibility=hidden \
  -I "$work/prefix/include" "$work/hello/hello.cpp" -o "$work/one_line.so"

for library in "$work/out/hello.so" "$work/one_line.so"; do
  exported=$(nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ { print $3 }')
  case "$exported" in
    *faas_function_table*) ;;
    *) echo "$library does not export faas_function_table: $exported"; exit 1 ;;
  esac
done
echo "both libraries export the function table"
