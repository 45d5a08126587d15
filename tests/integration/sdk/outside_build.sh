#!/bin/sh
# outside_build.sh CMAKE SOURCE BUILD COMPILER
# Installs the SDK alone into a fresh folder, copies examples in C and C++ out of
# the tree, builds them there with CMake and one with one compiler line, and looks
# for the one symbol that each library must export. Then a project in C alone.
set -eu
cmake=$1 source=$2 build=$3 compiler=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR='' "$cmake" --install "$build" --component sdk --prefix "$work/prefix"
build_outside() { # FOLDER
  "$cmake" -G Ninja -S "$1" -B "$1/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release
  "$cmake" --build "$1/build"
}
cp -r "$source/examples/hello" "$source/examples/outside" "$work"
build_outside "$work/hello"
build_outside "$work/outside"

mkdir "$work/c"
cp "$source/examples/outside/count_words.c" "$work/c"
cat >"$work/c/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(c LANGUAGES C)
find_package(petrel-sdk REQUIRED)
petrel_function(count_words count_words.c)
END
build_outside "$work/c"
"$compiler" -std=c++20 -O2 -shared -fPIC -fvisibility=hidden \
  -I "$work/prefix/include" "$work/hello/hello.cpp" -o "$work/one_line.so"

for library in "$work/hello/build/hello.so" "$work/one_line.so" \
    "$work/outside/build/functions/greet.so" \
    "$work/outside/build/functions/count_words.so" \
    "$work/c/build/count_words.so"; do
  exported=$(nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ { print $3 }')
  case "$exported" in
    *faas_function_table*) ;;
    *) echo "$library does not export faas_function_table: $exported"; exit 1 ;;
  esac
done
echo "all libraries export the function table"
